import type { Part } from '../parts.ts'
import type { Setting } from './manifest.ts'

/** What a pod is in the lab; network policies choose by it. */
export type Component = 'workload' | 'control' | 'network' | 'settings'

/** The recommended labels, https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/ */
export const labelsOf = ({ lab, version }: Setting, name: string, component: Component): Record<string, string> => ({
  ...selectorOf({ lab }, name),
  'app.kubernetes.io/component': component,
  'app.kubernetes.io/version': version,
  'app.kubernetes.io/part-of': 'hop-by-hop',
  'app.kubernetes.io/managed-by': 'hop-export',
})

/** The same, and what the topology says of a workload. */
export const workloadLabels = (setting: Setting, { name, zone, program }: Part): Record<string, string> => ({
  ...labelsOf(setting, name, 'workload'),
  'hop.lab/zone': zone,
  'hop.lab/program': program,
})

/** Two labels that one pod of a namespace has and no other; they never change, as a selector must not. */
export const selectorOf = ({ lab }: Pick<Setting, 'lab'>, name: string): Record<string, string> => ({
  'app.kubernetes.io/name': name,
  'app.kubernetes.io/instance': lab,
})

/** Every pod that is a workload, whichever. */
export const anyWorkload = { 'app.kubernetes.io/component': 'workload' satisfies Component }
