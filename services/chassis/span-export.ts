import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace'
import { HopError } from '../../pki/error.ts'
import { failureOf } from './failures.ts'
import type { Span } from './span.ts'
import type { Telemetry } from './telemetry.ts'

/** Sends a workload's spans to a collector, beside the requests and never in their way. */
export type SpanExport = {
  send(spans: readonly Span[]): void
  /** Who is told of failures, and has a record of the way out. */
  tell(telemetry: Pick<Telemetry, 'log' | 'connection'>): void
  /** Sends what waits, as far as the collector takes it within {@link SpanExportLimits.closeMs}. */
  close(): Promise<void>
}

/** `waiting`: spans beyond which new ones are dropped. The rest in ms. */
export type SpanExportLimits = { waiting: number; everyMs: number; timeoutMs: number; closeMs: number }

const usual: SpanExportLimits = { waiting: 2_048, everyMs: 1_000, timeoutMs: 5_000, closeMs: 1_000 }

/** A failure, or that plaintext went out, is told once in so long, ms. */
const tellEveryMs = 60_000

/**
 * Where `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT` or `OTEL_EXPORTER_OTLP_ENDPOINT` sends traces over OTLP/HTTP; undefined where
 * neither is set, or `OTEL_SDK_DISABLED` or `OTEL_TRACES_EXPORTER=none` says so. Throws `otlp-endpoint`.
 */
export const otlpEndpoint = (env: NodeJS.ProcessEnv): string | undefined => {
  const given = env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT || env.OTEL_EXPORTER_OTLP_ENDPOINT
  if (!given || env.OTEL_SDK_DISABLED === 'true' || env.OTEL_TRACES_EXPORTER === 'none') return undefined
  const own = Boolean(env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT)
  const url = URL.parse(own ? given : `${given.replace(/\/$/, '')}/v1/traces`)
  if (url && /^https?:$/.test(url.protocol)) return url.href
  throw new HopError('otlp-endpoint', {
    field: own ? 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT' : 'OTEL_EXPORTER_OTLP_ENDPOINT',
    expected: 'a URL such as http://localhost:4318',
    // what stands before the @ is a password
    found: JSON.stringify(given.replace(/\/\/.*@/, '//…@').slice(0, 100)),
  })
}

/**
 * Protobuf over HTTP in batches, by OpenTelemetry's own exporter: headers and certificates as its environment variables say.
 * Loaded only when asked for, since it costs a third of a second.
 */
export const createSpanExport = async (
  workload: string,
  namespace: string,
  url: string,
  limits: SpanExportLimits = usual,
): Promise<SpanExport> => {
  const [{ OTLPTraceExporter }, { BatchSpanProcessor }, { defaultResource, resourceFromAttributes }] =
    await Promise.all([
      import('@opentelemetry/exporter-trace-otlp-proto'),
      import('@opentelemetry/sdk-trace'),
      import('@opentelemetry/resources'),
    ])
  let told: Pick<Telemetry, 'log' | 'connection'> | undefined
  const tell = createTelling(url, `${workload}:otlp-collector`, () => told)
  const processor = new BatchSpanProcessor({
    exporter: telling(new OTLPTraceExporter({ url, concurrencyLimit: 8, timeoutMillis: limits.timeoutMs }), tell),
    maxQueueSize: limits.waiting,
    maxExportBatchSize: Math.min(512, limits.waiting),
    scheduledDelayMillis: limits.everyMs,
    exportTimeoutMillis: limits.timeoutMs,
  })
  const resource = defaultResource().merge(
    resourceFromAttributes({ 'service.name': workload, 'service.namespace': namespace }),
  )
  return {
    send(spans) {
      for (const span of spans) processor.onEnd(readable(span, resource))
    },
    tell(telemetry) {
      told = telemetry
    },
    async close() {
      const late = Promise.withResolvers<void>()
      const timer = setTimeout(late.resolve, limits.closeMs)
      await Promise.race([processor.shutdown().catch(() => {}), late.promise])
      clearTimeout(timer)
    },
  }
}

type ExportResult = Parameters<Parameters<SpanExporter['export']>[1]>[0]
type Tell = (result: ExportResult) => void

const telling = (exporter: SpanExporter, tell: Tell): SpanExporter => ({
  export: (spans, done) =>
    exporter.export(spans, result => {
      tell(result)
      done(result)
    }),
  shutdown: () => exporter.shutdown(),
  ...(exporter.forceFlush ? { forceFlush: () => exporter.forceFlush!() } : {}),
})

/** Spans that go out in plaintext are plaintext like any other: the workload records it, for the gate to see. */
const createTelling = (
  url: string,
  link: string,
  to: () => Pick<Telemetry, 'log' | 'connection'> | undefined,
): Tell => {
  const secure = url.startsWith('https:')
  let failed = Number.NEGATIVE_INFINITY
  let sent = Number.NEGATIVE_INFINITY
  return ({ code, error }) => {
    const now = performance.now()
    if (code === exported && !secure && now - sent > tellEveryMs) {
      sent = now
      to()?.connection({ id: link, side: 'client', link, at: new Date().toISOString(), transport: 'plaintext' })()
    } else if (code !== exported && now - failed > tellEveryMs) {
      failed = now
      to()?.log.warn({ reason: failureOf(error).name }, 'spans not exported')
    }
  }
}

// ExportResultCode.SUCCESS, without loading what it is in
const exported = 0

const kinds = { server: 1, client: 2 } as const // SpanKind
const statusError = 2 // SpanStatusCode.ERROR
const sampled = 1 // TraceFlags.SAMPLED

const readable = (span: Span, resource: ReadableSpan['resource']): ReadableSpan => {
  const { traceId, spanId, parentSpanId } = span
  const context = { traceId, spanId, traceFlags: sampled }
  return {
    ...{ name: span.name, kind: kinds[span.kind], attributes: span.attributes, resource },
    spanContext: () => context,
    ...(parentSpanId === undefined
      ? {}
      : {
          parentSpanContext: { traceId, spanId: parentSpanId, traceFlags: sampled, isRemote: span.kind === 'server' },
        }),
    ...{ startTime: hrTime(span.start), endTime: hrTime(span.end), duration: hrTime(span.end - span.start) },
    status: span.error === undefined ? { code: 0 } : { code: statusError, message: span.error },
    instrumentationScope: { name: 'hop' },
    ...{ links: [], events: [], ended: true },
    ...{ droppedAttributesCount: 0, droppedEventsCount: 0, droppedLinksCount: 0 },
  }
}

const hrTime = (ms: number): [number, number] => {
  const seconds = Math.floor(ms / 1000)
  return [seconds, Math.round((ms - seconds * 1000) * 1e6)]
}
