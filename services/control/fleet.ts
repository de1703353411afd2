import { randomUUID } from 'node:crypto'
import { EventEmitter, once } from 'node:events'
import { HopError } from '../../pki/error.ts'
import type { Acknowledgement, ControlMessage, TrustAcknowledgement } from '../chassis/control-protocol.ts'
import type { Observations } from '../chassis/observation.ts'

/** One open stream, as the workload API holds it. */
export type Line = { send(message: ControlMessage): void; close(): void }

/** When a {@link TrustAcknowledgement} came, in ms since the epoch. */
export type TrustTaken = TrustAcknowledgement & { at: number }

/** Who is connected, and what each acknowledged last. In memory only: a restart asks everybody again. */
export type Fleet = {
  /**
   * A second stream of the same workload ends the first. `serial`: of the certificate that proved it. Returns what to
   * call when this one ends.
   */
  attach(name: string, line: Line, serial: string): () => void
  connected(name: string): boolean
  connectedNames(): string[]
  send(name: string, message: ControlMessage): void
  /** Ends the streams that were proven by these certificates, and no others. */
  expel(serials: ReadonlySet<string>): void
  /** Serial of the certificate that proves a workload's stream; undefined where it has none. */
  serialOf(name: string): string | undefined
  /** Serials of the certificates that prove the streams open now. */
  provenBy(): string[]
  trustAcked(name: string): TrustTaken | undefined
  trustAcks(): Record<string, TrustTaken>
  ackTrust(name: string, ack: TrustTaken): void
  acked(name: string): Acknowledgement | undefined
  ack(name: string, ack: Acknowledgement): void
  /** Resolves once `done()` holds; looks again at every acknowledgement and connection. Rejects with the signal's reason. */
  until(done: () => boolean, signal: AbortSignal): Promise<void>
  /** Resolves when a workload is connected, now or in a moment: it may just be dialling anew. Throws `workload-not-connected`. */
  present(name: string): Promise<void>
  /** What a workload saw after cursor `since`. Throws `workload-not-connected`, `report-timeout`. */
  report(name: string, since: number, timeoutMs: number): Promise<Observations>
  /** A report that came in; false when nobody asked this workload for it. */
  reported(name: string, id: string, observations: Observations): boolean
  close(): void
}

export const createFleet = (): Fleet => {
  const lines = new Map<string, Line & { serial: string }>()
  const acks = new Map<string, Acknowledgement>()
  const trustAcks = new Map<string, TrustTaken>()
  const questions = new Map<string, { name: string; answer: (observations: Observations) => void }>()
  const changes = new EventEmitter().setMaxListeners(0)
  const fleet: Fleet = {
    attach(name, line, serial) {
      const before = lines.get(name)
      const attached = { ...line, serial }
      lines.set(name, attached)
      before?.close()
      changes.emit('change')
      return () => {
        if (lines.get(name) !== attached) return
        lines.delete(name)
        changes.emit('change')
      }
    },
    connected: name => lines.has(name),
    connectedNames: () => [...lines.keys()],
    send: (name, message) => lines.get(name)?.send(message),
    expel(serials) {
      for (const line of lines.values()) if (serials.has(line.serial)) line.close()
    },
    serialOf: name => lines.get(name)?.serial,
    provenBy: () => [...lines.values()].map(({ serial }) => serial),
    trustAcked: name => trustAcks.get(name),
    trustAcks: () => Object.fromEntries(trustAcks),
    ackTrust(name, ack) {
      const before = trustAcks.get(name)
      if (before && before.version > ack.version) return
      // the first of two answers to one version may come in last
      const drained = ack.drained || (before?.version === ack.version && before.drained && ack.ok)
      trustAcks.set(name, { ...ack, drained })
      changes.emit('change')
    },
    acked: name => acks.get(name),
    ack(name, ack) {
      // An answer to an older version must not hide that a newer one was answered.
      if (ack.version < (acks.get(name)?.version ?? 0)) return
      acks.set(name, ack)
      changes.emit('change')
    },
    async until(done, signal) {
      signal.throwIfAborted()
      while (!done())
        await once(changes, 'change', { signal }).catch(error => {
          throw signal.reason ?? error
        })
    },
    present: name =>
      fleet
        .until(() => lines.has(name), AbortSignal.timeout(dialsWithinMs))
        .catch(() => Promise.reject(notConnected(name))),
    async report(name, since, timeoutMs) {
      if (!lines.has(name)) throw notConnected(name)
      const id = randomUUID()
      const { promise, resolve, reject } = Promise.withResolvers<Observations>()
      questions.set(id, { name, answer: resolve })
      const timer = setTimeout(() => reject(tooSlow(name, timeoutMs)), timeoutMs)
      fleet.send(name, { type: 'report', id, since })
      try {
        return await promise
      } finally {
        clearTimeout(timer)
        questions.delete(id)
      }
    },
    reported(name, id, observations) {
      const question = questions.get(id)
      if (question?.name !== name) return false
      question.answer(observations)
      return true
    },
    close() {
      for (const line of lines.values()) line.close()
      lines.clear()
    },
  }
  return fleet
}

/** A line that ended is dialled anew within this, ms. */
const dialsWithinMs = 1_000

const notConnected = (name: string) =>
  new HopError('workload-not-connected', {
    field: 'workload',
    expected: 'a connected workload',
    found: `${name}, which is not`,
    remedy: 'The state tells who is connected, and hop doctor why not; one that was revoked comes back by hop reenrol',
  })

const tooSlow = (name: string, timeoutMs: number) =>
  new HopError('report-timeout', {
    field: `report of ${name}`,
    expected: `an answer within ${timeoutMs} ms`,
    found: 'none',
    remedy: 'Ask again; if it stays silent, restart the workload',
  })
