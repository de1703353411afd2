import { type DestinationStream, type Logger, pino } from 'pino'
import type { ConnectionRecord, HeldCertificate, Observations, RequestRecord } from './observation.ts'
import { createRing } from './ring.ts'

/** What a workload remembers and logs of what it saw. One per workload, passed in, never global. */
export type Telemetry = {
  log: Logger
  connection(record: Omit<ConnectionRecord, 'cursor'>): void
  request(record: Omit<RequestRecord, 'cursor'>): void
  keyLog(line: string): void
  /** Session secrets are kept only while a debug session asks for them; switching off forgets them. */
  keepKeyLog(on: boolean): void
  observations(since: number, held: HeldCertificate[]): Observations
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

/** A logger that redacts; `destination` absent means silent. */
export const createLog = (name: string, destination?: DestinationStream, level = 'info'): Logger =>
  destination
    ? pino({ name, level, redact, base: { workload: name }, timestamp: pino.stdTimeFunctions.epochTime }, destination)
    : pino({ level: 'silent' })

const remembered = { connections: 2000, requests: 2000, keyLog: 2000 }

export const createTelemetry = (workload: string, log: Logger = createLog(workload)): Telemetry => {
  const connections = createRing<ConnectionRecord>(remembered.connections)
  const requests = createRing<RequestRecord>(remembered.requests)
  const keys = createRing<{ cursor: number; line: string }>(remembered.keyLog)
  let keepKeys = false
  let cursor = 0
  let keysFrom = 0
  return {
    log,
    connection(record) {
      connections.push({ ...record, cursor: ++cursor })
      if (record.failure) log.warn(record, 'connection refused')
      else log.debug(record, 'connection')
    },
    request(record) {
      const kept = record as RequestRecord
      kept.cursor = ++cursor
      requests.push(kept)
      log.info(kept, 'request')
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
      cursor,
    }),
  }
}

/** For tests and tools that do not care. */
export const noTelemetry = (): Telemetry => createTelemetry('silent')
