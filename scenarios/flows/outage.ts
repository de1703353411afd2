import type { ConnectionRecord, Observations } from '../../services/chassis/observation.ts'
import type { Hop } from '../../services/modes.ts'
import type { LabClient } from '../lab-client.ts'
import type { Attempt } from '../tools/attempt.ts'
import { succeeded } from './evidence.ts'
import { isInner } from './hops.ts'
import { readUntil, untilAfter } from './patience.ts'
import { mark, recordsSince, reportsNow } from './records.ts'
import { placeOrder } from './stand-in.ts'

/** An order after a workload's certificate had ended, over new connections, and who refused the workload for it. */
export type Outage = {
  attempt: Attempt
  /** It was past its notAfter when the order was sent. */
  ended: boolean
  refusal?: { workload: string; record: ConnectionRecord }
}

/** Waits for the end of what a workload holds, cuts the connections that began before, and orders. */
export const playOutage = async (lab: LabClient, hops: readonly Hop[], workload: string): Promise<Outage> => {
  const { [workload]: report } = await reportsNow(lab, [workload])
  const end = Math.max(...(report?.held ?? []).map(({ notAfter }) => Date.parse(notAfter)))
  await untilAfter(end)
  const near = hops.filter(isInner).filter(({ link }) => [link.caller, link.callee].includes(workload))
  // with its certificate ended it cannot report any more, and need not
  const others = [...new Set(near.flatMap(({ link }) => [link.caller, link.callee]))].filter(name => name !== workload)
  const marks = await mark(lab, others)
  await Promise.all(near.map(({ link }) => lab.wire(link.id).cut()))
  const attempt = await placeOrder(lab)
  const refusal = await readUntil(
    async () => refusedBy(await recordsSince(lab, marks)),
    found => found !== undefined || succeeded(attempt),
  )
  return { attempt, ended: Date.now() > end, ...(refusal ? { refusal } : {}) }
}

const refusedBy = (reports: Record<string, Observations>): Outage['refusal'] => {
  for (const { workload, connections } of Object.values(reports)) {
    const record = connections.find(({ failure }) => failure?.name === 'certificate-expired')
    if (record) return { workload, record }
  }
  return undefined
}
