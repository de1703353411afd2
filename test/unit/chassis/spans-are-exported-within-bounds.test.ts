import { afterEach, describe, expect, test } from 'vitest'
import type { Span } from '../../../services/chassis/span.ts'
import { createSpanExport, otlpEndpoint } from '../../../services/chassis/span-export.ts'
import { createLog, createTelemetry, noTelemetry } from '../../../services/chassis/telemetry.ts'
import { startOtlpReceiver } from '../../support/otlp-receiver.ts'
import { createCleanup, until } from './mesh.ts'

const cleanup = createCleanup()
afterEach(cleanup.run)

const span = (n: number): Span => ({
  ...{ workload: 'orders', kind: 'server', name: 'GET /', start: 1_700_000_000_000.125, end: 1_700_000_000_001.25 },
  ...{ traceId: 'a'.repeat(32), spanId: n.toString(16).padStart(16, '0'), attributes: { n, 'hop.link': 'a:b' } },
})
const limits = { waiting: 20, everyMs: 5, timeoutMs: 400, closeMs: 200 }

test('while a collector does not answer a bounded number waits, and the rest is dropped', async () => {
  let answering = false
  let answer = () => {}
  const collector = cleanup.add(
    await startOtlpReceiver((_, response) => {
      answer = () => response.end()
      if (answering) answer()
    }),
  )
  const spans = await createSpanExport('orders', 'shop', `${collector.url}/v1/traces`, limits)
  spans.send([span(1)])
  await collector.until(({ length }) => length === 1)
  for (let n = 2; n < 1000; n++) spans.send([span(n)])
  answering = true
  answer()
  await collector.until(({ length }) => length > 1)
  spans.send([span(5_000)])
  await collector.until(all => all.some(({ attributes }) => attributes.n === 5_000))
  await spans.close()
  const got = collector.spans.map(({ attributes }) => attributes.n)
  expect(got).toEqual([...Array.from({ length: 21 }, (_, i) => i + 1), 5_000])
  expect(collector.spans[0]).toMatchObject({
    ...{ service: 'orders', name: 'GET /', kind: 2, parentSpanId: '', attributes: { n: 1, 'hop.link': 'a:b' } },
    ...{ start: 1_700_000_000_000.125, end: 1_700_000_000_001.25 },
  })
})

test('a collector that is away is told once, and the end does not wait for it', async () => {
  const gone = await startOtlpReceiver()
  await gone.close()
  const warned: object[] = []
  const telemetry = noTelemetry()
  const log = Object.assign(Object.create(telemetry.log), { warn: (what: object) => warned.push(what) })
  const spans = await createSpanExport('orders', 'shop', `${gone.url}/v1/traces`, limits)
  spans.tell({ ...telemetry, log })
  spans.send([span(1)])
  await until(() => warned.length > 0)
  spans.send([span(2)])
  await spans.close()
  expect(warned).toEqual([{ reason: expect.any(String) }])
})

test('that spans went out in plaintext is on record, as any other plaintext is', async () => {
  const collector = cleanup.add(await startOtlpReceiver())
  const telemetry = noTelemetry()
  const spans = cleanup.add(await createSpanExport('orders', 'shop', `${collector.url}/v1/traces`, limits))
  spans.tell(telemetry)
  const connections = () => telemetry.observations(0, []).connections
  spans.send([span(1)])
  await until(() => connections().length > 0)
  expect(connections()).toMatchObject([{ side: 'client', link: 'orders:otlp-collector', transport: 'plaintext' }])
})

test('a trace that its caller does not sample is remembered, and not exported', () => {
  const sent: Span[][] = []
  const telemetry = createTelemetry('orders', createLog('orders'), spans => sent.push(spans))
  const request = {
    ...{
      at: new Date().toISOString(),
      requestId: 'r',
      traceId: 't',
      spanId: 's',
      method: 'GET',
      path: '/',
      status: 200,
    },
    ...{ durationMs: 1, connection: 'c', callerBy: 'certificate' as const },
  }
  telemetry.request({ ...request }, { began: 1, calls: [], unsampled: true })
  telemetry.request({ ...request, spanId: 'sampled' }, { began: 1, calls: [] })
  expect(sent.flat().map(({ spanId }) => spanId)).toEqual(['sampled'])
  expect(telemetry.about({ id: 'r' }, []).requests).toHaveLength(2)
})

describe('where spans go', () => {
  const base = 'http://127.0.0.1:4318'
  test.each<[string, NodeJS.ProcessEnv, string | undefined]>([
    ['nowhere without a word', {}, undefined],
    ['to the path of traces', { OTEL_EXPORTER_OTLP_ENDPOINT: `${base}/` }, `${base}/v1/traces`],
    ['under a path of its own', { OTEL_EXPORTER_OTLP_ENDPOINT: `${base}/x` }, `${base}/x/v1/traces`],
    [
      'exactly where traces go',
      { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${base}/in`, OTEL_EXPORTER_OTLP_ENDPOINT: 'http://b' },
      `${base}/in`,
    ],
    ['nowhere when switched off', { OTEL_EXPORTER_OTLP_ENDPOINT: base, OTEL_SDK_DISABLED: 'true' }, undefined],
    ['nowhere without an exporter', { OTEL_EXPORTER_OTLP_ENDPOINT: base, OTEL_TRACES_EXPORTER: 'none' }, undefined],
  ])('%s', (_, env, url) => {
    expect(otlpEndpoint(env)).toBe(url)
  })

  test.each(['localhost:4318', 'file:///tmp/x', 'nonsense'])('%s is refused by the variable’s name', found => {
    expect(() => otlpEndpoint({ OTEL_EXPORTER_OTLP_ENDPOINT: found })).toThrow(/OTEL_EXPORTER_OTLP_ENDPOINT/)
  })

  test('a password in one that is refused is not told', () => {
    const found = 'ftp://ada:s3cret@collector:4318'
    expect(() => otlpEndpoint({ OTEL_EXPORTER_OTLP_ENDPOINT: found })).toThrow('"ftp://…@collector:4318"')
  })
})
