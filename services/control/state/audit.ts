import type { Logger } from 'pino'
import { HopError } from '../../../pki/error.ts'
import type { Database } from './database.ts'

/** Who did what, when, and how it went. `who` is `operator`, `control`, `lab` or a SPIFFE ID. */
export type AuditEntry = {
  id: number
  at: number
  who: string
  action: string
  target: string
  /** `ok`, the code of the refusal, or `begun` where the end has an entry of its own. */
  result: string
  detail: Record<string, unknown>
}

export type Act = { who: string; action: string; target?: string; detail?: Record<string, unknown> }

/** The record of every act that changes state. Holds no secrets. */
export type Audit = {
  /** Appends an entry with result `ok`, or `result`. */
  note(act: Act & { result?: string }): void
  /** Does `work` and records how it ended; a refusal is recorded by its code and thrown on. */
  during<T>(act: Act, work: () => T): T
  /** The same of what takes a while: it is recorded as `begun` too, so that what a crash interrupts has left its trace. */
  throughout<T>(act: Act, work: () => T): T
  /** Does what one transaction does: `noted`, called in it, makes the entry part of it. Neither is there without the other. */
  within<T>(act: Act, commit: (noted: () => void) => T): T
  /** At most 1000 entries after `id`, oldest first. */
  since(id: number): AuditEntry[]
}

export const createAudit = (db: Database, clock: () => number, log: Logger): Audit => {
  const note: Audit['note'] = ({ who, action, target = '', detail = {}, result = 'ok' }) => {
    const kept = redact(detail)
    const text = (value: string) => value.slice(0, 300)
    db.run(
      'INSERT INTO audit (at, who, action, target, result, detail) VALUES (?, ?, ?, ?, ?, ?)',
      clock(),
      text(who),
      action,
      text(target),
      result,
      JSON.stringify(kept),
    )
    log[result === 'ok' || result === begun ? 'info' : 'warn'](
      { audit: { who: text(who), action, target: text(target), result } },
      action,
    )
  }
  const failed = (act: Act, error: unknown): never => {
    note({ ...act, result: error instanceof HopError ? error.code : 'internal-error' })
    throw error
  }
  const audit: Audit = {
    note,
    throughout(act, work) {
      note({ ...act, result: begun })
      return audit.during(act, work)
    },
    within(act, commit) {
      try {
        return commit(() => note(act))
      } catch (error) {
        return failed(act, error)
      }
    },
    during(act, work) {
      try {
        const result = work()
        if (result instanceof Promise) {
          result
            .then(
              () => note(act),
              error => failed(act, error),
            )
            .catch(() => {})
          return result
        }
        note(act)
        return result
      } catch (error) {
        return failed(act, error)
      }
    },
    since: id =>
      db
        .all<AuditEntry & { detail: string }>('SELECT * FROM audit WHERE id > ? ORDER BY id LIMIT 1000', id)
        .map(row => ({ ...row, detail: JSON.parse(row.detail) })),
  }
  return audit
}

const begun = 'begun'

const secret = /token|secret|password|authorization|cookie|card|csr|privatekey|^key$/i

/** Drops what must not be written down: fields named like secrets, and PEM blocks wherever they stand. Cuts long texts. */
export const redact = (value: unknown, depth = 0): Record<string, unknown> | unknown => {
  if (typeof value === 'string') return value.includes('-----BEGIN') ? '[redacted]' : value.slice(0, 300)
  if (typeof value !== 'object' || value === null) return value
  if (depth > 4) return '[deep]'
  if (Array.isArray(value)) return value.slice(0, 100).map(item => redact(item, depth + 1))
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [name, isSecret(name, item) ? '[redacted]' : redact(item, depth + 1)]),
  )
}

/** Whether tokens are asked for is no secret. */
const isSecret = (name: string, item: unknown): boolean => typeof item !== 'boolean' && secret.test(name)
