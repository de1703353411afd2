import type { Observations } from '../../services/chassis/observation.ts'
import type { Hop } from '../../services/modes.ts'
import { endsAtSidecar, gotBehind, type Price, priceOf, reportWithSpan } from '../flows/application-side.ts'
import { count } from '../flows/evidence.ts'
import { idOf, strangerTo } from '../flows/hops.ts'
import { callAsCaller, callFromInside, type InsiderOutcome, wasServed } from '../flows/insider-call.ts'
import { mark } from '../flows/records.ts'
import type { LabClient } from '../lab-client.ts'
import { allLinks, defineScenario, type Observed } from '../scenario.ts'
import { freshCanary } from '../tools/canary.ts'
import { createOutsider } from '../tools/outsider.ts'

const probes = 12

export default defineScenario({
  id: 'sidecar-keeps-policy',
  claims: ['C10'],
  title: 'Does a sidecar keep strangers from its application, and what does it cost?',
  guarantee: 'only the workload allowed to gets through the sidecar on <link>',
  explanation:
    "Another workload calls a service behind a sidecar under its own name and under the caller's, and the application's own records say what got through. Under mutual TLS the sidecar refuses both before the application hears of them. Where names are only stated, the lie reaches the application. Ordinary requests beside it show what the extra hop costs.",
  per: 'link',
  select: (hop, topology) => endsAtSidecar(hop, topology) && strangerTo(topology, hop.link.callee) !== undefined,
  expected: ({ transport }) => (transport === 'mtls' ? 'holds' : 'broken'),
  async run(lab, hops) {
    const marks = await mark(lab)
    if (hops.length > 0) await sendProbes(lab)
    return allLinks(async (_, hop) => {
      const { callee, caller } = hop.link
      const stranger = strangerTo(lab.topology, callee)!
      const pair = await lab.credentials.stolen(stranger)
      const as = (name: string) => ({ pair, statedCaller: idOf(lab.topology, name) })
      const honest = await callFromInside(lab, hop, `${stranger}, as itself`, as(stranger))
      const lying = await callFromInside(lab, hop, `${stranger}, as ${caller}`, as(caller))
      const genuine = await callAsCaller(lab, hop)
      const report = await reportWithSpan(lab, callee, marks[callee]!, genuine.request?.spanId)
      return judgeSidecarPolicy(hop, { stranger, honest, lying, genuine, report, price: priceOf(report) })
    })(lab, hops)
  },
})

/** Ordinary traffic over one connection, so that the price is that of the hop and not of handshakes. */
const sendProbes = async (lab: LabClient): Promise<void> => {
  const outsider = await createOutsider(lab, { keepAlive: true })
  try {
    for (let left = probes; left > 0; left--) await outsider.send(freshCanary(lab.topology))
  } finally {
    outsider.close()
  }
}

type Calls = Record<'honest' | 'lying' | 'genuine', InsiderOutcome> & {
  stranger: string
  report: Observations
  price: Price
}

/**
 * Judged by the application's own records: broken when a stranger's request is among them. The control: the real caller's
 * is, both of the stranger's came to the sidecar and were denied or got through, and the price could be measured.
 */
export const judgeSidecarPolicy = (hop: Hop, calls: Calls): Observed => {
  const { stranger, honest, lying, genuine, report, price } = calls
  const { callee } = hop.link
  const reached = [honest, lying].filter(({ request }) => request && gotBehind(report, request.spanId) !== undefined)
  const settled = [honest, lying].every(call => call.request?.denied !== undefined || reached.includes(call))
  const denied = honest.request?.denied ?? lying.request?.denied
  return {
    verdict: reached.length > 0 ? 'broken' : 'holds',
    because:
      reached.length > 0
        ? `${reached.length} of 2 requests of ${stranger} reached the application of ${callee}`
        : `the sidecar of ${callee} denied both requests of ${stranger}: ${denied}`,
    evidence: [
      ...honest.evidence,
      ...lying.evidence,
      count(`requests of ${stranger} that the application received`, callee, reached.length),
      count(
        `the price: ms between sidecar and application, median of ${price.requests} requests`,
        callee,
        Math.round(price.medianMs * 100) / 100,
      ),
    ],
    control: {
      passed:
        settled &&
        wasServed(hop, genuine) &&
        gotBehind(report, genuine.request?.spanId) !== undefined &&
        price.requests > 0,
      evidence: genuine.evidence,
    },
  }
}
