import { watched } from './watched.ts'

/*
 * Kubernetes' own JSON schemas (its OpenAPI description, as the package kubernetes-models compiles it with ajv). They
 * let unknown fields pass, as the API server does unless it is told to be strict, so it is watched which fields of a
 * manifest a schema looked at: one that no schema looks at is unknown.
 */

/** apiVersion → the beginning of a schema's name. */
const groups: Record<string, string> = {
  v1: 'IoK8sApiCoreV1',
  'apps/v1': 'IoK8sApiAppsV1',
  'networking.k8s.io/v1': 'IoK8sApiNetworkingV1',
}

type Validate = { (value: unknown): boolean; errors?: { instancePath: string; message?: string; keyword: string }[] }

/** What is wrong with a manifest by the schema of its kind, each with its place; empty when nothing is. */
export const faultsOf = async (manifest: object): Promise<string[]> => {
  const { apiVersion, kind } = manifest as { apiVersion?: unknown; kind?: unknown }
  const group = groups[String(apiVersion)]
  if (group === undefined || !/^[A-Z]\w+$/.test(String(kind))) return [`no schema for ${apiVersion} ${kind}`]
  const { validate } = (await import(`kubernetes-models/_schemas/${group}${kind}`)) as { validate: Validate }
  const seen = watched(manifest)
  const valid = validate(seen.value)
  const wrong = valid ? [] : validate.errors!.map(({ instancePath, keyword }) => `${instancePath}: ${keyword}`)
  // what is wrong already was not looked at to its end
  return valid ? seen.unread().map(path => `${path}: unknown`) : wrong
}
