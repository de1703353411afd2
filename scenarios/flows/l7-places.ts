import type { L7Settings, Switches } from '../../services/control/rollout/switches.ts'
import type { LabClient } from '../lab-client.ts'
import { whileSwitched } from './switched.ts'

/** Far above what an experiment sends. */
const ample = { perSecond: 1e6, burst: 1e6 }

/** Does `work` while the L7 policy pack is mounted at these workloads and nowhere else. */
export const whileMounted = <Result>(
  lab: LabClient,
  places: readonly string[],
  work: () => Promise<Result>,
  settings: Partial<L7Settings> = {},
): Promise<Result> =>
  whileSwitched(
    lab,
    'l7',
    (): Switches['l7'] =>
      Object.fromEntries(places.map(name => [name, { waf: true, rate: ample, tokens: false, ...settings }])),
    work,
  )
