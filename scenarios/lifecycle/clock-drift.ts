import { usualHopsOf } from '../../services/hops.ts'
import type { Mode } from '../../services/modes.ts'
import type { Topology } from '../../services/topology/topology.ts'
import { otherEnd } from '../doctor/cause.ts'
import { type Drifted, tryDrift } from '../flows/clock-off.ts'
import { outcome, succeeded } from '../flows/evidence.ts'
import { provokedEvidence } from '../flows/named-failures.ts'
import { placeOrder } from '../flows/stand-in.ts'
import { type End, endEvidence, nameOf, twoEnds } from '../flows/two-ends.ts'
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
    'The clock of one caller and then of one callee is set ten minutes back and a day ahead; nothing else changes. Where that workload looks at the certificates of others it refuses good ones, as not yet valid or as expired, and says that it was by its own clock; the other end names nothing, and holds a certificate that is valid. With its clock still off it is shown a certificate that has really expired. From both ends’ records the doctor must blame the clock for the one and the certificate for the other. In plaintext nobody looks at a clock.',
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

type Played = { before: Attempt; again: Attempt; tries: readonly Drifted[] }

/**
 * Broken when an order failed for a clock. The control: orders pass with clocks that are right, the clocks were off as they
 * were set, and each failure is told from real expiry: by the records of both sides, and by the doctor, who has to name a
 * certificate that has really expired for what it is beside it.
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
    evidence: tries.flatMap(({ end, driftS, attempt, seen, offMs, told, expired }): Evidence[] => [
      { kind: 'count', title: 'milliseconds its clock was off', where: end.workload, text: String(Math.round(offMs)) },
      ...endEvidence(end, `the clock of ${nameOf(end)} was ${driftS} s off`, attempt, seen),
      ...told.map(({ name, sentence }): Evidence => {
        const title = 'what the doctor makes of that'
        return { kind: 'text', title, where: end.hop.link.id, text: `${name}: ${sentence}` }
      }),
      ...(expired ? [provokedEvidence(expired, 'really expired, with that clock still off')] : []),
    ]),
    control: {
      passed:
        [before, again].every(succeeded) &&
        tries.length > 0 &&
        tries.every(isOff) &&
        lost.every(isToldApart) &&
        lost.every(isDiagnosed),
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

/** The doctor blames the clock, and no certificate, for the good one, and the certificate that has really expired for itself. */
const isDiagnosed = ({ end: { role }, told, expired }: Drifted): boolean =>
  told.some(({ name, fault }) => name === 'clock-skew' && fault === `${role}-clock`) &&
  !told.some(({ fault }) => fault.endsWith('-certificate')) &&
  expired?.cause?.name === 'certificate-expired' &&
  expired.cause.fault === `${otherEnd(role)}-certificate` &&
  expired.cause.seen[role]?.name === 'certificate-expired'
