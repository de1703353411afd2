import { usualHopsOf } from '../../services/hops.ts'
import type { Mode } from '../../services/modes.ts'
import type { Topology } from '../../services/topology/topology.ts'
import { createAlertWatch, isAt, type Moment, type Provocation } from '../flows/alert-watch.ts'
import { count, outcome, succeeded } from '../flows/evidence.ts'
import { nobodyCalls } from '../flows/hops.ts'
import {
  firstInner,
  type Impersonated,
  impersonate,
  placesIn,
  provocationsAt,
  type RanOut,
  runOutAndWithhold,
  setClockOff,
} from '../flows/provocations.ts'
import { placeOrder } from '../flows/stand-in.ts'
import { defineScenario, type Evidence, type Observed } from '../scenario.ts'
import type { Attempt } from '../tools/attempt.ts'

/**
 * Where the first inner link is plaintext its impostor is served, and there is no handshake that could fail: of four things
 * the one that nobody is told of.
 */
export default defineScenario({
  id: 'alerts-fire-where-deserved',
  claims: ['L6'],
  title: 'Does an alert fire in time, and only where it is deserved?',
  guarantee: 'what goes wrong raises the alert meant for it, in time, and no other',
  explanation:
    'Four things go wrong: the certificates run out where the public enters, one workload is not told whom to trust, an impostor answers on a link, a clock is off. Each must raise its own alert and no other, for expiry before the first request fails, and all must be silent before and after. An impostor on a plaintext link fails no handshake, so nobody is told.',
  per: 'system',
  unless: nobodyCalls,
  expected: (mode: Mode, topology: Topology) =>
    firstInner(usualHopsOf(topology, mode))?.transport === 'plaintext' ? 'broken' : 'holds',
  async run(lab, hops) {
    const { mode } = await lab.state()
    const places = placesIn(lab.topology, mode, hops)
    const before = await placeOrder(lab)
    const watch = await createAlertWatch(lab)
    await watch.look([])
    const expiry = await runOutAndWithhold(lab, watch, places)
    const impostor = await impersonate(lab, watch, places)
    await setClockOff(lab, watch, places)
    const after = await placeOrder(lab)
    const last = await watch.until([])
    const provoked = Object.values(provocationsAt(places))
    return judgeAlerts({ moments: watch.moments, last, provoked, expiry, impostor, before, after })
  },
})

/** `last`: the moment after everything was repaired. */
type Watched = {
  moments: readonly Moment[]
  last: Moment
  provoked: readonly Provocation[]
  expiry: RanOut
  impostor: Impersonated
  before: Attempt
  after: Attempt
}

/**
 * Holds when each thing raised what it deserves while it went on, nothing else fired at any moment, and all is silent at the
 * end. The control: the certificates did run out and requests failed of it, the impostor was dialled, and before and after
 * everything works.
 */
export const judgeAlerts = ({ moments, last, provoked, expiry, impostor, before, after }: Watched): Observed => {
  const missed = provoked
    .filter(provocation => missedBy(moments, provocation).length > 0)
    .map(({ what }) => `${what}, and nobody is told`)
  const undeserved = [...moments, last].flatMap(({ active, firing }) =>
    firing.filter(fired => !active.some(({ deserves, may = [] }) => [...deserves, ...may].some(isAt(fired)))),
  )
  const wrong = [...new Set(undeserved.map(({ alert, where }) => `${alert} fired at ${where} for no reason`))]
  const late = succeeded(expiry.inTime) ? [] : ['requests failed of expiry before an alert fired']
  const faults = [...missed, ...wrong, ...late]
  return {
    verdict: faults.length === 0 ? 'holds' : 'broken',
    because:
      faults.length === 0
        ? `${provoked.length} things went wrong, each raised its alert and no other, expiry before a request failed of it`
        : faults.join('; '),
    evidence: [
      ...provoked.map(told(moments)),
      outcome('an order after the alert of expiry', 'client', expiry.inTime),
      outcome('the first order that failed of it', 'client', expiry.failed),
      outcome('an order while the impostor answered', 'client', impostor.attempt),
      count('requests the impostor was given', 'the impostor', impostor.served),
      count('looks at all alerts', 'the watcher', moments.length),
    ],
    control: {
      passed:
        [before, after].every(succeeded) &&
        !succeeded(expiry.failed) &&
        impostor.connections > 0 &&
        provoked.every(({ what }) => moments.some(({ active }) => active.some(each => each.what === what))),
      evidence: [outcome('an order before', 'client', before), outcome('an order after', 'client', after)],
    },
  }
}

const during = (moments: readonly Moment[], { what }: Provocation) =>
  moments.filter(({ active }) => active.some(each => each.what === what)).flatMap(({ firing }) => firing)

const missedBy = (moments: readonly Moment[], provocation: Provocation) =>
  provocation.deserves.filter(alert => !during(moments, provocation).some(isAt(alert)))

const told =
  (moments: readonly Moment[]) =>
  (provocation: Provocation): Evidence => {
    const { what, deserves } = provocation
    const fired = deserves.filter(alert => during(moments, provocation).some(isAt(alert)))
    const text = fired.map(({ alert, where }) => `${alert} at ${where}`).join(', ') || 'no alert'
    return { kind: 'text', title: what, where: deserves[0]?.where ?? '', text }
  }
