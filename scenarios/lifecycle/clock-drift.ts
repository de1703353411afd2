import { usualHopsOf } from '../../services/hops.ts'
import type { Mode } from '../../services/modes.ts'
import type { Topology } from '../../services/topology/topology.ts'
import { outcome, succeeded } from '../flows/evidence.ts'
import { readUntil } from '../flows/patience.ts'
import { mark, recordsSince, reportsNow } from '../flows/records.ts'
import { placeOrder } from '../flows/stand-in.ts'
import { whileSwitched } from '../flows/switched.ts'
import { type BothSides, bothSides, type End, endEvidence, nameOf, twoEnds } from '../flows/two-ends.ts'
import type { LabClient } from '../lab-client.ts'
import { defineScenario, type Evidence, type Observed } from '../scenario.ts'
import type { Attempt } from '../tools/attempt.ts'

/** Seconds: more than certificates are backdated, and more than they last. */
const drifts = [-600, 86_400]

export default defineScenario({
  id: 'clock-drift',
  claims: ['L8'],
  title: 'What does a clock that is off break, and can it be told from a certificate that has really expired?',
  guarantee: 'a workload whose clock is off takes no call with it',
  explanation:
    'The clock of one caller and then of one callee is set ten minutes back and a day ahead; nothing else changes. Where that workload looks at the certificates of others it refuses good ones, as not yet valid or as expired, and says that it was by its own clock; the other end names nothing, and holds a certificate that is valid. A certificate that has really expired is the other way round: refused by those whose clocks are right. In plaintext nobody looks at a clock.',
  per: 'system',
  unless: (topology: Topology) =>
    twoEnds(usualHopsOf(topology, 'mtls')).length > 0 ? undefined : 'no workload calls another',
  expected: (mode: Mode, topology: Topology) => (twoEnds(usualHopsOf(topology, mode)).some(looks) ? 'broken' : 'holds'),
  async run(lab, hops) {
    const before = await placeOrder(lab)
    const tries: Drifted[] = []
    for (const end of twoEnds(hops)) for (const driftS of drifts) tries.push(await tryDrift(lab, end, driftS))
    return judgeDrift({ before, tries, again: await placeOrder(lab) })
  },
})

/** Does the workload at this end judge the other's certificate? */
const looks = ({ role, hop: { transport } }: End): boolean =>
  role === 'caller' ? transport !== 'plaintext' : transport === 'mtls'

const tryDrift = (lab: LabClient, end: End, driftS: number): Promise<Drifted> =>
  whileSwitched(
    lab,
    'clocks',
    clocks => ({ ...clocks, [end.workload]: driftS }),
    async () => {
      const marks = await mark(lab, [end.workload, end.peer])
      const attempt = await placeOrder(lab)
      // records are told by their marks: one of the clocks is off
      const seen = await readUntil(
        async () => bothSides(await recordsSince(lab, marks), end),
        ({ own, peer }) => succeeded(attempt) || (own !== undefined && peer !== undefined),
      )
      const reports = await reportsNow(lab, [end.workload, end.peer])
      const at = Date.now()
      const offMs = (name: string) => Date.parse(reports[name]?.clock ?? '') - at
      const peerHolds = reports[end.peer]!.held.some(
        ({ kind, notBefore, notAfter }) =>
          kind === 'workload' && Date.parse(notBefore) <= at && at < Date.parse(notAfter),
      )
      return { end, driftS, attempt, seen, offMs: offMs(end.workload), peerOffMs: offMs(end.peer), peerHolds }
    },
  )

/** `offMs`: how far the clocks of both ends were from the lab's; `peerHolds`: the other end held a valid certificate. */
export type Drifted = {
  end: End
  driftS: number
  attempt: Attempt
  seen: BothSides
  offMs: number
  peerOffMs: number
  peerHolds: boolean
}

type Played = { before: Attempt; again: Attempt; tries: readonly Drifted[] }

/**
 * Broken when an order failed for a clock. The control: orders pass with clocks that are right, the clocks were off as they
 * were set, and each failure is told from real expiry on both sides.
 */
export const judgeDrift = ({ before, again, tries }: Played): Observed => {
  const lost = tries.filter(({ attempt }) => !succeeded(attempt))
  return {
    verdict: lost.length > 0 ? 'broken' : 'holds',
    because:
      lost.length > 0
        ? lost
            .map(
              ({ end, driftS, seen }) =>
                `${nameOf(end)}, ${driftS} s off, said ${seen.own?.failure?.code ?? 'nothing'}`,
            )
            .join('; ')
        : 'nobody looked at a clock: every order passed',
    evidence: tries.flatMap(({ end, driftS, attempt, seen, offMs }): Evidence[] => [
      { kind: 'count', title: 'milliseconds its clock was off', where: end.workload, text: String(Math.round(offMs)) },
      ...endEvidence(end, `the clock of ${nameOf(end)} was ${driftS} s off`, attempt, seen),
    ]),
    control: {
      passed: [before, again].every(succeeded) && tries.length > 0 && tries.every(isOff) && lost.every(isToldApart),
      evidence: [
        outcome('an order with clocks that are right', 'client', before),
        outcome('an order after the clocks were set right', 'client', again),
      ],
    },
  }
}

/** Reports take a moment. */
const toleranceMs = 5_000

const isOff = ({ driftS, offMs, peerOffMs }: Drifted): boolean =>
  Math.abs(offMs - driftS * 1000) < toleranceMs && Math.abs(peerOffMs) < toleranceMs

/** One side blames its own clock for a certificate that was good at that moment; the other blames nobody and holds it. */
const isToldApart = ({ driftS, seen: { own, peer }, peerHolds }: Drifted): boolean => {
  const code = driftS < 0 ? 'not-yet-valid-by-own-clock' : 'expired-by-own-clock'
  const { notBefore = '', notAfter = '' } = own?.peerValidity ?? {}
  const at = Date.parse(own?.at ?? '')
  return (
    own?.failure?.code === code &&
    Date.parse(notBefore) <= at &&
    at < Date.parse(notAfter) &&
    peer?.failure !== undefined &&
    !peer.failure.name.startsWith('certificate-') &&
    peerHolds
  )
}
