import type { Mode } from '../services/modes.ts'
import type { Topology } from '../services/topology/topology.ts'
import { kubernetesTree, secretsIn } from './kubernetes/files.ts'
import type { Tree } from './tree.ts'

/** What a lab is exported with, whereto ever. */
export type ExportOptions = {
  topology: Topology
  /** The file it came from, word for word. */
  topologyText: string
  /** What a new state begins in. */
  mode: Mode
  /** The container image's reference. */
  image: string
  /** What everything of this lab is kept apart by: a namespace, a stack's name. */
  space: string
}

type Target = {
  title: string
  /** Throws `export-name`. */
  tree(options: ExportOptions): Tree
  /** The directory, below the tree's root, in which the target looks for secrets. */
  secretsIn: string
  /** What to type next, in that directory. */
  next(options: ExportOptions): string[]
}

/** Whereto a lab can be exported; what is added here is a word of `hop export`. */
export const targets = {
  kubernetes: {
    title: 'Kubernetes',
    tree: ({ space, ...options }) => kubernetesTree({ ...options, namespace: space }),
    secretsIn: `base/${secretsIn}`,
    next: ({ mode, space }) => [
      `kubectl apply -k overlays/${mode}`,
      `kubectl -n ${space} rollout status statefulset/control`,
    ],
  },
} as const satisfies Record<string, Target>

export type TargetName = keyof typeof targets

export const targetNames = Object.keys(targets) as TargetName[]
