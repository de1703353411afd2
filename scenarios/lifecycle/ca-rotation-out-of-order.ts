import type { ConnectionRecord, Observations } from '../../services/chassis/observation.ts'
import type { Hop } from '../../services/modes.ts'
import { everywhere } from '../expected.ts'
import { failed, outcome, succeeded } from '../flows/evidence.ts'
import { isInner } from '../flows/hops.ts'
import { mark, recordsSince } from '../flows/records.ts'
import { endRotation, orderBy } from '../flows/rotated.ts'
import { placeOrder } from '../flows/stand-in.ts'
import { unknownSigner } from '../flows/unknown-signer.ts'
import type { LabClient } from '../lab-client.ts'
import { defineScenario, type Evidence, type Observed } from '../scenario.ts'
import type { Attempt } from '../tools/attempt.ts'
import { createOutsider } from '../tools/outsider.ts'

/** The same three steps with the first two exchanged: everybody shows the new root before anybody trusts it. */
export default defineScenario({
  id: 'ca-rotation-out-of-order',
  claims: ['L4'],
  title: 'What happens when certificates of a new root are given out before anybody trusts it?',
  guarantee: 'the order of the steps does not matter when the root is replaced',
  explanation:
    'Everybody gets a certificate of the new root while all still trust the old one alone. Customers refuse the edge, and whoever calls over TLS inside refuses his callee; each end records what it saw. Then the operator goes on: trust in the new root is given out over the streams that are open, and orders are served again.',
  per: 'system',
  expected: everywhere('broken'),
  async run(lab, hops) {
    const secure = hops.filter(hop => isInner(hop) && hop.transport !== 'plaintext')
    return judgeOutOfOrder(secure, await rotateOutOfOrder(lab))
  },
})

/** Orders before, while nobody trusts what everybody shows, and after the way out; and what workloads recorded meanwhile. */
export type OutOfOrder = {
  before: Attempt
  strict: Attempt
  /** By a customer who checks no certificate, and so gets as far as the first end that does. */
  careless: Attempt
  reports: Record<string, Pick<Observations, 'connections'>>
  after: Attempt
  wayOutMs: number
}

const rotateOutOfOrder = async (lab: LabClient): Promise<OutOfOrder> => {
  const before = await placeOrder(lab)
  const unchecking = await createOutsider(lab, { unchecking: true })
  try {
    await lab.lifecycle.rotate('root', { careless: 'reissue-first', stopAt: 'reissue' })
    const marks = await mark(lab)
    const strict = await placeOrder(lab)
    const careless = await orderBy(lab, unchecking)
    const reports = await recordsSince(lab, marks)
    const since = performance.now()
    await lab.lifecycle.rotate('root')
    const wayOutMs = performance.now() - since
    return { before, strict, careless, reports, after: await placeOrder(lab), wayOutMs }
  } finally {
    unchecking.close()
    await endRotation(lab)
  }
}

/**
 * Broken when an order was lost for it. The control: orders were served before and after; who refused said why, an unknown
 * signer; and every end that was refused, inside too where links have certificates, recorded that it was.
 */
export const judgeOutOfOrder = (secure: readonly Hop[], seen: OutOfOrder): Observed => {
  const { before, strict, careless, reports, after, wayOutMs } = seen
  const refusing = sideOf(reports, 'client')
  const refused = sideOf(reports, 'server')
  const isCause = (name: string | undefined) => unknownSigner.some(known => known === name)
  const lost = [strict, careless].filter(attempt => !succeeded(attempt))
  const inner =
    secure.length === 0 || (!succeeded(careless) && refusing.some(([, { failure }]) => isCause(failure?.name)))
  const named = !strict.answered && isCause(strict.failure.name) && inner && refused.length > 0
  return {
    verdict: lost.length > 0 ? 'broken' : 'holds',
    because:
      lost.length > 0
        ? `the customer refused the public certificate${strict.answered ? '' : ` (${strict.failure.name})`}${inside(refusing)}; going on restored it within ${Math.round(wayOutMs)} ms`
        : 'orders were served although nobody trusted the root of what was shown',
    evidence: [
      outcome('the order of a customer who checks', 'client', strict),
      outcome('the order of one who checks nothing', 'client', careless),
      ...[...refusing, ...refused].slice(0, 6).map(told),
    ],
    control: {
      passed: succeeded(before) && succeeded(after) && (lost.length === 0 || named),
      evidence: [outcome('an order before', 'client', before), outcome('an order after the way out', 'client', after)],
    },
  }
}

type Told = [workload: string, record: ConnectionRecord]

const sideOf = (reports: OutOfOrder['reports'], side: ConnectionRecord['side']): Told[] =>
  Object.entries(reports).flatMap(([workload, { connections }]) =>
    connections.filter(record => record.failure && record.side === side).map((record): Told => [workload, record]),
  )

const inside = (refusing: readonly Told[]): string => {
  const [first] = refusing
  return first ? `, ${first[0]} its callee on ${first[1].link} (${first[1].failure?.name})` : ''
}

const told = ([workload, record]: Told): Evidence =>
  failed(`what ${workload} recorded${record.link === undefined ? '' : ` of ${record.link}`}`, workload, record)
