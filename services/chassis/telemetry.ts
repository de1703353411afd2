import { type DestinationStream, type Logger, pino } from 'pino'
import { type About, recordsAbout } from './about.ts'
import { type ConnectionEnd, type ConnectionsKept, createConnectionMemory } from './connection-memory.ts'
import type { LogBatch } from './log-batch.ts'
import type {
  ApplicationRecord,
  ConnectionRecord,
  HeldCertificate,
  Observations,
  RequestRecord,
} from './observation.ts'
import { createRing } from './ring.ts'
import { type Span, spansOf } from './span.ts'

/** What is known of a request beside its line in the log: when it began, to the microsecond, and the calls it set off. */
export type RequestTrace = Pick<RequestRecord, 'began' | 'calls' | 'unsampled'>

/** What a workload remembers and logs of what it saw. One per workload, passed in, never global. */
export type Telemetry = {
  log: Logger
  /** Answers what to call when the connection is over; with what its end told its record is then new again. */
  connection(record: Omit<ConnectionRecord, 'cursor'>): (end?: ConnectionEnd) => void
  request(record: Omit<RequestRecord, 'cursor'>, trace?: RequestTrace): void
  /** What the application behind a sidecar got. */
  application(record: Omit<ApplicationRecord, 'cursor'>): void
  keyLog(line: string): void
  /** Session secrets are kept only while a debug session asks for them; switching off forgets them. */
  keepKeyLog(on: boolean): void
  observations(since: number, held: HeldCertificate[]): Observations
  /** The same of one request or trace, whenever it was; see {@link recordsAbout}. */
  about(what: About, held: HeldCertificate[]): Observations
}

/** Field names whose values never reach a log. Paths cover one level of nesting, which is what is logged here. */
const secretFields = [
  'authorization',
  'cookie',
  'token',
  'joinToken',
  'card',
  'key',
  'privateKey',
  'operatorToken',
  'keyLog',
]

const redact = {
  paths: secretFields.flatMap(field => [field, `*.${field}`, `*.*.${field}`]),
  censor: '[redacted]',
}

// JSON escapes what is below 0x20; terminals also obey C1 controls and readers be led astray by bidirectional overrides
const obeyed = /[\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g
const escaped = (line: string): string =>
  line.replace(obeyed, character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)

/** A logger that redacts; `destination` absent means silent. */
export const createLog = (name: string, destination?: DestinationStream, level = 'info'): Logger =>
  destination
    ? pino(
        {
          name,
          level,
          redact,
          base: { workload: name },
          timestamp: pino.stdTimeFunctions.epochTime,
          hooks: { streamWrite: escaped },
        },
        destination,
      )
    : pino({ level: 'silent' })

/**
 * One line for each request, in the shape of pino's. A request record has no field that could hold a secret, and
 * looking for some would cost more than all the rest of the line: it goes past pino, to the same destination.
 */
const createRequestLog = (workload: string, log: Logger): ((record: RequestRecord) => void) => {
  if (!log.isLevelEnabled('info')) return () => {}
  const stream = (log as unknown as Record<symbol, DestinationStream | LogBatch>)[pino.symbols.streamSym]!
  const write = 'gather' in stream ? stream.gather : (line: string) => stream.write(line)
  const start = `{"level":${pino.levels.values.info},"time":`
  const end = `,"name":${JSON.stringify(workload)},"workload":${JSON.stringify(workload)},"msg":"request"}\n`
  return record => {
    const fields = escaped(JSON.stringify(record))
    write(`${start}${Date.now()},${fields.slice(1, -1)}${end}`)
  }
}

const remembered = { requests: 2000, applications: 2000, keyLog: 2000 }

/** `spans` gets what each request was, once it is over; absent: nobody. */
export const createTelemetry = (
  workload: string,
  log: Logger = createLog(workload),
  spans?: (spans: Span[]) => void,
  kept?: ConnectionsKept,
): Telemetry => {
  const connections = createConnectionMemory(kept)
  const requests = createRing<RequestRecord>(remembered.requests)
  const applications = createRing<ApplicationRecord>(remembered.applications)
  const keys = createRing<{ cursor: number; line: string }>(remembered.keyLog)
  const logRequest = createRequestLog(workload, log)
  let behindSidecar = false
  let keepKeys = false
  let cursor = 0
  let keysFrom = 0
  return {
    log,
    connection(record) {
      const kept = { ...record, cursor: ++cursor }
      connections.add(kept)
      if (record.failure) log.warn(record, 'connection refused')
      else log.debug(record, 'connection')
      return end => (end ? connections.ended(kept, end, ++cursor) : connections.ended(kept))
    },
    request(record, trace) {
      const kept = record as RequestRecord
      kept.cursor = ++cursor
      requests.push(kept)
      logRequest(kept)
      if (trace) Object.assign(kept, trace)
      if (spans && !kept.unsampled) spans(spansOf(workload, kept, connections.find))
    },
    application(record) {
      behindSidecar = true
      log.info(record, 'request at the application')
      applications.push({ ...record, cursor: ++cursor })
    },
    keyLog(line) {
      if (keepKeys) keys.push({ cursor: ++cursor, line })
    },
    keepKeyLog(on) {
      if (keepKeys && !on) keysFrom = cursor
      keepKeys = on
    },
    observations: (since, held) => ({
      workload,
      connections: connections.since(since),
      requests: requests.since(since),
      keyLog: keepKeys ? keys.since(Math.max(since, keysFrom)).map(({ line }) => line) : [],
      held,
      ...(behindSidecar ? { application: applications.since(since) } : {}),
      cursor,
    }),
    about(what, held) {
      const found = recordsAbout(what, {
        connections,
        requests: requests.since(0),
        applications: applications.since(0),
      })
      const { applications: application, ...told } = found
      return { workload, ...told, keyLog: [], held, ...(behindSidecar ? { application } : {}), cursor }
    },
  }
}

/** For tests and tools that do not care. */
export const noTelemetry = (): Telemetry => createTelemetry('silent')
