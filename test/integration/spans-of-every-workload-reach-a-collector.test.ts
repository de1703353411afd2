import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { followRequest } from '../../scenarios/follow.ts'
import { connectLab, type LabClient } from '../../scenarios/lab-client.ts'
import { readTrace } from '../../scenarios/request/trace.ts'
import { otlpEndpoint } from '../../services/chassis/span-export.ts'
import { modes } from '../../services/modes.ts'
import { startTestLab, type TestLab } from '../support/lab.ts'
import { startOtlpReceiver } from '../support/otlp-receiver.ts'

type Receiver = Awaited<ReturnType<typeof startOtlpReceiver>>

describe('with a collector named in the environment', () => {
  let collector: Receiver
  let embedded: TestLab
  let lab: LabClient
  beforeAll(async () => {
    collector = await startOtlpReceiver()
    embedded = await startTestLab({ tracesTo: otlpEndpoint({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url }) })
    lab = await connectLab(embedded.access)
  })
  afterAll(async () => {
    await lab?.close()
    await embedded?.close()
    await collector?.close()
  })

  test.each(modes)('under %s it gets what each workload saw of a request, as one trace', async mode => {
    await lab.switchMode(mode)
    const { requestId = '' } = await followRequest(lab)
    const own = await readTrace(lab, requestId)
    const of = () => collector.spans.filter(({ traceId }) => traceId === own.traceId)
    await collector.until(() => of().length === own.spans.length)
    const shape = (span: { spanId: string; parentSpanId?: string; kind: unknown }) => ({
      ...{ span: span.spanId, parent: span.parentSpanId ?? '', server: span.kind === 'server' || span.kind === 2 },
    })
    const bySpan = (a: { span: string }, b: { span: string }) => (a.span < b.span ? -1 : 1)
    expect(
      of()
        .map(span => ({ ...shape(span), service: span.service }))
        .sort(bySpan),
    ).toEqual(own.spans.map(span => ({ ...shape(span), service: span.workload })).sort(bySpan))
    for (const span of of()) {
      const known = own.spans.find(({ spanId }) => spanId === span.spanId)!
      expect(span.attributes).toEqual(known.attributes)
      expect(span.start).toBeCloseTo(known.start, 1)
      expect(span.end).toBeCloseTo(known.end, 1)
      expect(span.status).toBe(0)
    }
    expect(collector.requests.at(-1)).toMatchObject({ path: '/v1/traces', type: 'application/x-protobuf' })
  })

  test('nothing of what a customer sent is among it', async () => {
    const card = '4929123456781234'
    const body = { ...lab.topology.probe.body, card }
    const { method } = lab.topology.probe
    const path = `${lab.topology.probe.path}?token=sesame`
    const headers = { authorization: 'Bearer sesame', cookie: 'session=sesame' }
    const { requestId = '' } = await followRequest(lab, { method, path, body, headers })
    const { traceId, spans } = await readTrace(lab, requestId)
    await collector.until(all => all.filter(span => span.traceId === traceId).length === spans.length)
    const text = JSON.stringify(collector.spans)
    for (const secret of [card, 'sesame']) expect(text).not.toContain(secret)
  })
})

test('a collector that never answers, and one that is away, cost no request, and one line in the log', async () => {
  const silent = await startOtlpReceiver(() => {})
  const lines: string[] = []
  const embedded = await startTestLab({
    tracesTo: `${silent.url}/v1/traces`,
    logTo: { write: line => void lines.push(line) },
  })
  const lab = await connectLab(embedded.access)
  try {
    expect((await followRequest(lab)).answer.status).toBe(201)
    await silent.until(spans => spans.length > 0)
    expect((await followRequest(lab)).answer.status).toBe(201)
    await silent.close()
    for (let i = 0; i < 20; i++) expect((await followRequest(lab)).answer.status).toBe(201)
  } finally {
    await lab.close()
    await embedded.close()
  }
  const told = lines.filter(line => line.includes('spans not exported')).map(line => JSON.parse(line).workload)
  expect(told.length).toBe(new Set(told).size)
})
