import { chmodSync, chownSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { docker } from '../compose/engine.ts'
import type { Manifest } from '../support/kubernetes/built.ts'

/*
 * Plays pods with a container engine: containers of a pod share a network namespace, volumes are what the manifests say,
 * with the owner and mode that a kubelet gives them, Services are names. No kubelet, no scheduler, no network policy.
 */

const root = { uid: 0 }

/** The files of a volume by path; undefined for one that is not made of files. */
const filesOf = (volume: Manifest, manifests: readonly Manifest[]): Record<string, string> | undefined => {
  const data = (kind: string, name: string): Record<string, string> => {
    const { stringData, data } = manifests.find(each => each.kind === kind && each.metadata.name === name)!
    return stringData ?? data
  }
  if (volume.configMap) return data('ConfigMap', volume.configMap.name)
  if (volume.secret) return data('Secret', volume.secret.secretName)
  if (!volume.projected) return undefined
  const items: [path: string, text: string][] = volume.projected.sources.flatMap(({ secret }: Manifest) =>
    secret.items.map(({ key, path }: Manifest) => [path, data('Secret', secret.name)[key]]),
  )
  return Object.fromEntries(items)
}

/** Writes a volume's files as a kubelet does: root's, the group's to read where the pod has one. */
const lay = (directory: string, files: Record<string, string>, mode: number, group: number): void => {
  mkdirSync(directory, { recursive: true })
  for (const [path, text] of Object.entries(files)) {
    const whole = join(directory, path)
    mkdirSync(dirname(whole), { recursive: true })
    writeFileSync(whole, text)
    chmodSync(whole, mode)
    chownSync(whole, root.uid, group)
  }
}

/** Starts every container of a pod on a network; answers their names, the one that the others stand beside first. */
export const playPod = async (
  pod: Manifest,
  { manifests, directory, network }: { manifests: readonly Manifest[]; directory: string; network: string },
): Promise<string[]> => {
  const { metadata, spec } = pod.spec.template
  const name = pod.metadata.name
  const chosen = ({ kind, spec }: Manifest) =>
    kind === 'Service' && Object.entries(spec.selector).every(([key, value]) => metadata.labels[key] === value)
  const aliases = manifests.filter(chosen).flatMap(each => ['--network-alias', each.metadata.name])
  const { runAsUser, runAsGroup, fsGroup } = spec.securityContext
  const started: string[] = []
  for (const container of spec.containers as Manifest[]) {
    const mounts = container.volumeMounts.flatMap((mount: Manifest) => {
      const volume = spec.volumes.find((each: Manifest) => each.name === mount.name)
      if (volume === undefined) return ['-v', `${network}-${mount.name}:${mount.mountPath}`]
      const files = filesOf(volume, manifests)
      if (files === undefined) return ['--tmpfs', `${mount.mountPath}:size=16m,mode=1777`]
      const laid = join(directory, name, mount.name)
      lay(laid, files, (volume.configMap ?? volume.secret ?? volume.projected).defaultMode, fsGroup)
      return ['-v', `${laid}:${mount.mountPath}:${mount.readOnly ? 'ro' : 'rw'}`]
    })
    const given = [
      ...container.env.map((each: Manifest) => `${each.name}=${each.value}`),
      ...(container.envFrom ?? []).flatMap(({ configMapRef }: Manifest) => {
        const { data } = manifests.find(each => each.kind === 'ConfigMap' && each.metadata.name === configMapRef.name)!
        return Object.entries(data).map(([key, value]) => `${key}=${value}`)
      }),
    ]
    const own = `${network}-${name}-${container.name}`
    const [first] = started
    await docker([
      ...['run', '--detach', '--name', own, '--label', network, '--init'],
      ...(first ? ['--network', `container:${first}`] : ['--network', network, ...aliases]),
      ...['--user', `${runAsUser}:${runAsGroup}`, '--group-add', String(fsGroup), '--read-only', '--cap-drop', 'ALL'],
      ...['--security-opt', 'no-new-privileges', '--memory', container.resources.limits.memory.replace('Mi', 'm')],
      ...mounts,
      ...given.flatMap(each => ['--env', each]),
      ...[container.image, ...container.args],
    ])
    started.push(own)
  }
  return started
}
