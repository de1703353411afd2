import { findBreakage } from '../breakage/breakages.ts'
import { type Provoked, provoke } from '../breakage/provoke.ts'
import { whyNot } from '../breakage/why-not.ts'
import { type Cause, otherEnd } from '../doctor/cause.ts'
import { refusalsIn } from '../doctor/refusals.ts'
import type { LabClient } from '../lab-client.ts'
import type { Attempt } from '../tools/attempt.ts'
import { succeeded } from './evidence.ts'
import { readUntil } from './patience.ts'
import { mark, recordsSince } from './records.ts'
import { placeOrder } from './stand-in.ts'
import { whileSwitched } from './switched.ts'
import { type BothSides, bothSides, type End } from './two-ends.ts'

/**
 * `offMs`: how far the clocks of both ends were from the lab's; `peerHolds`: the other end held a valid certificate. `told`:
 * what the doctor makes of the refusals on this hop. `expired`: the same end was shown a certificate that had really ended,
 * with its clock still off; absent where it looks at none.
 */
export type Drifted = {
  end: End
  driftS: number
  attempt: Attempt
  seen: BothSides
  told: Cause[]
  expired?: Provoked
  offMs: number
  peerOffMs: number
  peerHolds: boolean
}

/** Sets the clock of one end off, places an order, shows that end a certificate that has really expired, and sets it right. */
export const tryDrift = (lab: LabClient, end: End, driftS: number): Promise<Drifted> =>
  whileSwitched(
    lab,
    'clocks',
    clocks => ({ ...clocks, [end.workload]: driftS }),
    async () => {
      const marks = await mark(lab, [end.workload, end.peer])
      const attempt = await placeOrder(lab)
      const asked = Date.now()
      // records are told by their marks: one of the clocks is off
      const reports = await readUntil(
        () => recordsSince(lab, marks),
        so => succeeded(attempt) || isWhole(bothSides(so, end)),
      )
      const at = Date.now()
      const offMs = (name: string) => Date.parse(reports[name]?.clock ?? '') - at
      const peerHolds = reports[end.peer]!.held.some(
        ({ kind, notBefore, notAfter }) =>
          kind === 'workload' && Date.parse(notBefore) <= at && at < Date.parse(notAfter),
      )
      const timed = Object.entries(reports).map(([name, report]) => [name, { ...report, asked, answered: at }])
      const looked = { topology: lab.topology, trust: await lab.lifecycle.trust(), now: at }
      const told = refusalsIn({ ...looked, reports: Object.fromEntries(timed) }, 0)
        .filter(({ link }) => link === end.hop.link.id)
        .map(({ cause }) => cause)
      const expired = await showExpired(lab, end)
      return {
        ...{ end, driftS, attempt, told, peerHolds, seen: bothSides(reports, end) },
        ...{ offMs: offMs(end.workload), peerOffMs: offMs(end.peer) },
        ...(expired && { expired }),
      }
    },
  )

const isWhole = ({ own, peer }: BothSides): boolean => own !== undefined && peer !== undefined

const showExpired = async (lab: LabClient, { hop, role }: End): Promise<Provoked | undefined> => {
  const expired = findBreakage('expired')
  const shownBy = otherEnd(role)
  return whyNot(expired, hop, shownBy, lab.topology) === undefined ? provoke(lab, hop, expired, shownBy) : undefined
}
