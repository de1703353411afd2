import { whereTheEdgeReads } from '../expected.ts'
import { readTrace, type Trace, titleOf } from '../request/trace.ts'
import { defineScenario, type Evidence, type Observed } from '../scenario.ts'
import { freshCanary } from '../tools/canary.ts'
import { createOutsider } from '../tools/outsider.ts'

/** The trace of one request, from what every workload recorded, held against the hops it took. */
export default defineScenario({
  id: 'trace-has-a-span-per-hop',
  claims: ['O2', 'C6'],
  title: 'Does a trace show every hop?',
  guarantee: 'every hop of a request has its span in one trace',
  explanation:
    'A request is followed by its trace: each call carries the context on (W3C traceparent), and each workload records its own span and one for every call it makes. Where the edge opens TLS the trace begins there; where it passes TLS on it can neither read nor write the header, so the trace begins at the service, and the time spent at the edge is in nobody’s span.',
  per: 'system',
  expected: whereTheEdgeReads,
  async run(lab, hops) {
    const { method, path, body, headers } = freshCanary(lab.topology)
    const answer = await (await createOutsider(lab)).send({ method, path, body, headers })
    const id = answer.answered ? answer.headers['x-request-id'] : undefined
    const trace = id === undefined ? undefined : await readTrace(lab, id)
    return judgeSpans([...new Set(hops.map(({ link }) => link.callee))], trace)
  },
})

/**
 * Holds when each callee of the way has a server span. The control: what spans there are make one well-formed trace, every
 * call with its callee's span, and whoever has none passed the connection on unopened.
 */
export const judgeSpans = (callees: readonly string[], trace: Trace | undefined): Observed => {
  const { spans = [], flaws = ['no trace'], splice } = trace ?? {}
  const served = spans.filter(({ kind }) => kind === 'server')
  const without = callees.filter(callee => !served.some(({ workload }) => workload === callee))
  const holds = served.length > 0 && without.length === 0
  return {
    verdict: holds ? 'holds' : 'broken',
    because: holds
      ? `${spans.length} spans at ${callees.length} workloads, under one root at ${spans[0]?.workload}`
      : `${without.join(', ') || 'the request'} has no span${spans[0] ? `; the trace begins at ${spans[0].workload}` : ''}`,
    evidence: [
      ...spans.map(
        (span): Evidence => ({
          ...{ kind: 'text', title: `${'  '.repeat(span.depth)}${titleOf(span)}`, where: span.workload },
          text: `${(span.end - span.start).toFixed(1)} ms, ${span.attributes['hop.transport'] ?? 'nothing'}, ${span.attributes['http.response.status_code'] ?? span.error}`,
        }),
      ),
      ...(splice
        ? [
            {
              ...{ kind: 'text' as const, title: 'no span, a connection only', where: splice.workload },
              text: `${splice.serverName ?? 'no name'}, ${splice.bytesIn ?? '?'} bytes in, ${splice.bytesOut ?? '?'} out, known by ${splice.knownBy}`,
            },
          ]
        : []),
    ],
    control: {
      passed: served.length > 0 && flaws.length === 0 && without.every(callee => callee === splice?.workload),
      evidence: [{ kind: 'count', title: 'flaws in the trace', where: 'client', text: String(flaws.length) }],
    },
  }
}
