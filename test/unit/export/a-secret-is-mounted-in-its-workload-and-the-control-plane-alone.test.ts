import { describe, expect, it } from 'vitest'
import { built, type Manifest, treeOf } from '../../support/kubernetes/built.ts'
import { bundled, topologyOf } from '../../support/topologies.ts'

/** Names of the Secrets that a pod can read, by volumes that a container of it mounts and by its environment. */
const secretsOf = ({ spec }: Manifest): string[] => {
  const { volumes, containers } = spec.template.spec
  const mounted = new Set(
    containers.flatMap((each: Manifest) => each.volumeMounts.map((mount: Manifest) => mount.name)),
  )
  const inEnvironment = containers.flatMap(({ env = [], envFrom = [] }: Manifest) => [
    ...env.flatMap(({ valueFrom }: Manifest) => valueFrom?.secretKeyRef?.name ?? []),
    ...envFrom.flatMap(({ secretRef }: Manifest) => secretRef?.name ?? []),
  ])
  return [
    ...volumes
      .filter(({ name }: Manifest) => mounted.has(name))
      .flatMap(({ secret, projected }: Manifest) => [
        ...(secret ? [secret.secretName] : []),
        ...(projected?.sources.flatMap((source: Manifest) => (source.secret ? [source.secret.name] : [])) ?? []),
      ]),
    ...inEnvironment.map((name: string) => `${name}, in the environment`),
  ]
}

describe.each(bundled)('%s', name => {
  const tree = treeOf(name)
  const manifests = built(tree, 'base', 'the secret itself')
  const workloads = Object.keys(topologyOf(name).topology.workloads)
  const readers = Object.fromEntries(
    manifests.filter(({ spec }) => spec?.template).map(each => [each.metadata.name, secretsOf(each)]),
  )

  it('gives each workload its own secret and no other', () => {
    for (const workload of workloads) expect(readers[workload]).toEqual([`${workload}.bootstrap`])
  })

  it('gives the control plane all of them, each in a directory of its name, and the operator’s token', () => {
    expect(readers.control!.sort()).toEqual([...workloads.map(each => `${each}.bootstrap`), 'operator.token'].sort())
    const { volumes } = manifests.find(({ kind }) => kind === 'StatefulSet')!.spec.template.spec
    const { sources } = volumes.find(({ name }: Manifest) => name === 'bootstrap').projected
    expect(sources.map(({ secret }: Manifest) => [secret.name, secret.items])).toEqual(
      workloads.map(each => [`${each}.bootstrap`, [{ key: 'bootstrap-secret', path: `${each}/bootstrap-secret` }]]),
    )
  })

  it('has a Secret for each that is mounted, and mounts each that it has', () => {
    const there = manifests.filter(({ kind }) => kind === 'Secret').map(({ metadata }) => metadata.name)
    expect([...new Set(Object.values(readers).flat())].sort()).toEqual(there.sort())
  })

  it('has no secret in any file that it writes', () => {
    const data = manifests
      .filter(({ kind }) => kind === 'Secret')
      .flatMap(({ stringData }) => Object.values(stringData))
    expect(new Set(data)).toEqual(new Set(['the secret itself']))
    expect(Object.entries(tree).filter(([, text]) => /^kind: Secret$/m.test(text))).toEqual([])
  })
})
