import { posix } from 'node:path'
import { parse, parseAllDocuments } from 'yaml'
import { kubernetesTree } from '../../../export/kubernetes/files.ts'
import type { Tree } from '../../../export/tree.ts'
import type { Mode } from '../../../services/modes.ts'
import { topologyOf } from '../topologies.ts'

// biome-ignore lint/suspicious/noExplicitAny: the schemas say what these are
export type Manifest = Record<string, any>

type Generator = { name: string; files?: string[]; literals?: string[]; behavior?: 'merge' }
type Kustomization = {
  namespace?: string
  resources: string[]
  configMapGenerator?: Generator[]
  secretGenerator?: Generator[]
  generatorOptions?: { labels: Record<string, string> }
}

/** The tree that an export writes for one of the bundled topologies. */
export const treeOf = (file: string, mode: Mode = 'mtls'): Tree => {
  const { topology, text } = topologyOf(file)
  return kubernetesTree({
    topology,
    topologyText: text,
    mode,
    image: 'hop-by-hop:test',
    space: `hop-${topology.name}`,
  })
}

/**
 * What `kubectl kustomize DIR` makes of a tree, as far as our kustomizations go: resources, namespace, generated
 * ConfigMaps and Secrets, merged literals; names without the digests it appends. The real one is asked by a witness
 * test. Contents of secrets are what `secret` says: the tree has none.
 */
export const built = (tree: Tree, dir: string, secret = 'a secret'): Manifest[] => {
  const own = parse(tree[`${dir}/kustomization.yaml`]!) as Kustomization
  const { namespace, generatorOptions, configMapGenerator = [], secretGenerator = [] } = own
  const read = (path: string): string => tree[posix.join(dir, path)] ?? secret
  const made = own.resources.flatMap((path): Manifest[] => {
    const inside = posix.join(dir, path)
    return Object.hasOwn(tree, inside)
      ? parseAllDocuments(tree[inside]!).map(document => document.toJS())
      : built(tree, inside, secret)
  })
  for (const [kind, generators] of [
    ['ConfigMap', configMapGenerator],
    ['Secret', secretGenerator],
  ] as const)
    for (const generator of generators) {
      const data = dataOf(generator, read)
      const there = made.find(each => each.kind === kind && each.metadata.name === generator.name)
      if (generator.behavior === 'merge') Object.assign(there!.data, data)
      else {
        const metadata = { name: generator.name, ...generatorOptions }
        made.push({
          apiVersion: 'v1',
          kind,
          metadata,
          ...(kind === 'Secret' ? { type: 'Opaque', stringData: data } : { data }),
        })
      }
    }
  if (namespace === undefined) return made
  return made.map(each => (each.kind === 'Namespace' ? each : { ...each, metadata: { ...each.metadata, namespace } }))
}

const dataOf = ({ files = [], literals = [] }: Generator, read: (path: string) => string): Record<string, string> => ({
  ...Object.fromEntries(
    files.map(file => {
      const [key, path = key] = file.split('=') as [string, string?]
      return [key, read(path)]
    }),
  ),
  ...Object.fromEntries(literals.map(literal => literal.split('=') as [string, string])),
})
