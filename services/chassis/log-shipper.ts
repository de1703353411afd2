import type { Credentials } from './credentials.ts'
import type { Desired } from './desired.ts'
import { failureOf } from './failures.ts'
import type { Telemetry } from './telemetry.ts'
import { createUpstream, type ManagedUpstream } from './upstream.ts'

/** Carries a workload's request records to a collector, as log pipelines do: beside the requests, never in their way. */
export type LogShipper = {
  /** From now on there; undefined: nowhere, and what waits is dropped. */
  shipTo(pipeline: Desired['logsTo']): void
  /** The workload's telemetry, whose request records are shipped too. They hold no secret, but tell who asked for what. */
  telemetry: Telemetry
  close(): Promise<void>
}

export type LogShipperLimits = { everyMs: number; waiting: number }

const shipperLimits: LogShipperLimits = { everyMs: 100, waiting: 1_000 }

/**
 * Batches of NDJSON by `POST /`, one at a time, over plaintext HTTP. When more wait than fit the oldest are dropped; a
 * batch the collector does not take is dropped too. Connections and their failures go into the workload's records.
 */
export const createLogShipper = (options: {
  credentials: Credentials
  telemetry: Telemetry
  limits?: LogShipperLimits
}): LogShipper => {
  const { credentials, telemetry, limits = shipperLimits } = options
  let pipeline: Desired['logsTo']
  let upstream: ManagedUpstream | undefined
  let waiting: object[] = []
  let timer: NodeJS.Timeout | undefined
  let sending = false

  const send = async (): Promise<void> => {
    timer = undefined
    if (!upstream) return
    sending = true
    const body = waiting.map(record => `${JSON.stringify(record)}\n`).join('')
    waiting = []
    try {
      const headers = ['content-type', 'application/x-ndjson']
      const answer = await upstream.dispatcher().request({ method: 'POST', path: '/', headers, body })
      await answer.body.dump({ limit: 65_536 })
    } catch (error) {
      telemetry.log.warn({ reason: failureOf(error).name }, 'records not shipped')
    }
    sending = false
    later()
  }

  const later = (): void => {
    if (upstream && !sending && waiting.length > 0) timer ??= setTimeout(send, limits.everyMs).unref()
  }

  return {
    shipTo(next) {
      if (JSON.stringify(next) === JSON.stringify(pipeline)) return
      pipeline = next
      clearTimeout(timer)
      timer = undefined
      void upstream?.destroy()
      waiting = []
      upstream =
        next &&
        createUpstream({
          credentials,
          telemetry,
          spec: { ...next, callee: next.link.split(':')[1]!, transport: 'plaintext', id: '', verify: false },
        })
    },
    telemetry: {
      ...telemetry,
      request(record, trace) {
        telemetry.request(record, trace)
        if (!upstream) return
        if (waiting.length >= limits.waiting) waiting.shift()
        waiting.push(record)
        later()
      },
    },
    async close() {
      clearTimeout(timer)
      const last = upstream
      upstream = undefined
      await last?.destroy()
    },
  }
}
