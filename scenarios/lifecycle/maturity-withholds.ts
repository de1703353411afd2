import { usualHopsOf } from '../../services/hops.ts'
import type { Hop, Mode } from '../../services/modes.ts'
import type { Topology } from '../../services/topology/topology.ts'
import { failed, outcome, succeeded } from '../flows/evidence.ts'
import { isInner, nobodyCalls } from '../flows/hops.ts'
import { leaveToExpire, lookAfter } from '../flows/left-to-expire.ts'
import { type Outage, playOutage } from '../flows/outage.ts'
import { mark } from '../flows/records.ts'
import { placeOrder } from '../flows/stand-in.ts'
import { type Maturity, observeMaturity, tryMaturity } from '../maturity.ts'
import { defineScenario, type Evidence, type Observed } from '../scenario.ts'
import type { Attempt } from '../tools/attempt.ts'

export default defineScenario({
  id: 'maturity-withholds',
  claims: ['D6', 'L1'],
  title: 'What does a certificate cost that nobody renews?',
  guarantee: 'a workload whose certificates are not renewed costs no request',
  explanation:
    'The maturity check finds the lab ready. Then renewal is switched off at one workload, as in a hurry, and the check must withhold every mode with more certificates before anything has failed. Whoever goes on all the same sees the outage: once the certificate has ended, callers that look at it refuse the workload, and nothing that rests on it works. On plaintext links nobody looks, so nothing happens, which is how the wrong lesson is learnt.',
  per: 'system',
  unless: nobodyCalls,
  expected: (mode: Mode, topology: Topology) => (restsOn(usualHopsOf(topology, mode), topology) ? 'broken' : 'holds'),
  async run(lab, hops) {
    const workload = neglected(lab.topology)
    const marks = await mark(lab)
    const ready = await tryMaturity(lab, marks)
    try {
      const { withheld, inTime } = await leaveToExpire(lab, [workload], async () => ({
        withheld: await observeMaturity(lab, marks),
        inTime: await placeOrder(lab),
      }))
      const outage = await playOutage(lab, hops, workload)
      await lookAfter(lab, workload)
      const after = await placeOrder(lab)
      return judgeMaturityCheck({
        workload,
        ready,
        withheld,
        inTime,
        outage,
        after,
        again: await observeMaturity(lab, marks),
      })
    } finally {
      await lookAfter(lab, workload)
    }
  },
})

/** A callee of the most sensitive zone, else the last one that requests come to. */
const neglected = ({ links }: Topology): string => {
  const usual = links.filter(({ when }) => when === undefined)
  return (usual.find(({ intoSensitive }) => intoSensitive) ?? usual.at(-1)!).callee
}

/** Does anybody look at its certificate? */
const restsOn = (hops: readonly Hop[], topology: Topology): boolean => {
  const name = neglected(topology)
  return hops
    .filter(isInner)
    .some(
      ({ link, transport }) =>
        (link.callee === name && transport !== 'plaintext') || (link.caller === name && transport === 'mtls'),
    )
}

/** `ready`, `again`: the check before and after. `withheld`: while renewal was off and nothing had ended yet. */
type Played = {
  workload: string
  ready: Maturity
  withheld: Maturity
  again: Maturity
  inTime: Attempt
  outage: Outage
  after: Attempt
}

/**
 * Broken when an order failed because the certificate had ended, holds when one was served all the same. The control: the
 * check said ready, withheld for renewal alone while orders still passed, and said ready again after the repair.
 */
export const judgeMaturityCheck = ({ workload, ready, withheld, again, inTime, outage, after }: Played): Observed => {
  const served = succeeded(outage.attempt)
  const missing = withheld.checks.filter(({ met }) => !met)
  const cause = outage.refusal?.record.failure?.name
  const warned = missing.some(({ id }) => id === 'renewal-on')
  return {
    verdict: served ? 'holds' : 'broken',
    because: served
      ? `nobody looked at the certificate of ${workload}, which had ended: the order was served`
      : `${outage.refusal?.workload ?? 'nobody'} refused ${workload} as ${cause ?? 'nothing on record'}; the check had withheld more of this: ${missing.map(({ because }) => because).join('; ')}`,
    evidence: [
      ...missing.map(
        ({ id, title, because }): Evidence => ({ kind: 'text', title: `not met: ${title}`, where: id, text: because }),
      ),
      outcome('an order while the certificate was valid', 'client', inTime),
      outcome('an order after it had ended', 'client', outage.attempt),
      ...(outage.refusal
        ? [failed(`what ${outage.refusal.workload} recorded`, outage.refusal.workload, outage.refusal.record)]
        : []),
    ],
    control: {
      passed:
        ready.ready &&
        again.ready &&
        !withheld.ready &&
        warned &&
        outage.ended &&
        succeeded(inTime) &&
        succeeded(after) &&
        (served || cause === 'certificate-expired'),
      evidence: [
        ...notMet('before', ready),
        ...notMet('after the repair', again),
        outcome('an order after the repair', 'client', after),
      ],
    },
  }
}

const notMet = (when: string, { checks }: Maturity): Evidence[] =>
  checks
    .filter(({ met }) => !met)
    .map(({ title, because }) => ({
      kind: 'text',
      title: `not met ${when}: ${title}`,
      where: 'the lab',
      text: because,
    }))
