import { randomInt } from 'node:crypto'
import type { L7Settings, Switches } from '../../services/control/rollout/switches.ts'
import type { LabClient } from '../lab-client.ts'
import { whileSwitched } from './switched.ts'

/** Far above what an experiment sends. */
const ample = { perSecond: 1e6, burst: 1e6 }

/**
 * Hardly anything after a burst, and a little different each time: with another rate in force whoever counts begins afresh, so
 * that what came from one address in an earlier run does not count in this one.
 */
export const tightRate = (burst: number): { perSecond: number; burst: number } => ({
  perSecond: 0.1 + randomInt(1, 1_000) / 1e6,
  burst,
})

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
