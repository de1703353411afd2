import * as kubernetes from './kubernetes/files.ts'
import { publicName } from './kubernetes/public.ts'
import type { ExportOptions } from './options.ts'
import { partsOf } from './parts.ts'
import * as swarm from './swarm/files.ts'
import type { Tree } from './tree.ts'

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
    tree: kubernetes.kubernetesTree,
    secretsIn: `base/${kubernetes.secretsIn}`,
    next: ({ mode, space, topology }) => [
      `kubectl apply -k overlays/${mode}`,
      `kubectl -n ${space} rollout status statefulset/control`,
      `kubectl -n ${space} port-forward statefulset/control 7000 7080 &`,
      `kubectl -n ${space} port-forward service/${publicName(partsOf(topology))} 8443 8080 &`,
      'HOP_LAB=lab.json hop state',
    ],
  },
  swarm: {
    title: 'Docker Swarm',
    tree: swarm.swarmTree,
    secretsIn: swarm.secretsIn,
    next: ({ space }) => [
      `docker stack deploy --resolve-image never -c docker-stack.yml ${space}`,
      `docker exec $(docker ps -qf name=${space}_scenarios) /app/containers/run all`,
    ],
  },
} as const satisfies Record<string, Target>

export type TargetName = keyof typeof targets

export const targetNames = Object.keys(targets) as TargetName[]
