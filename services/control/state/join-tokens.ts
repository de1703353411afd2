import { createHash, randomBytes } from 'node:crypto'
import { HopError } from '../../../pki/error.ts'
import type { Database } from './database.ts'

/** One-time tickets into the trust domain. Only their SHA-256 is kept. */
export type JoinTokens = {
  /** A fresh token (256 bits, base64url) that admits `workload` once, until it expires. */
  issue(workload: string): string
  /** Throws as `consume` would, but uses nothing up: the cheap look before anything costly is parsed. */
  look(token: string, workload: string): void
  /**
   * Uses the token up; of any number of racing calls one returns.
   * Throws `join-token-unknown`, `join-token-used`, `join-token-expired`, `join-token-other-workload`.
   */
  consume(token: string, workload: string): void
  /** Remembers until `expires` that a token which its bearer made was used. Throws `join-token-used` where it was already. */
  useUp(ticket: string, workload: string, expires: number): void
}

export const createJoinTokens = (db: Database, clock: () => number, lifetimeMs: number): JoinTokens => {
  const look = (token: string, workload: string): void => {
    const problem = judge(db.get<Row>('SELECT workload, expires, used_at FROM join_tokens WHERE hash = ?', hash(token)))
    if (problem) throw problem
    function judge(row: Row | undefined): HopError | undefined {
      if (!row) return refusedToken('join-token-unknown', 'a token from this control plane', 'an unknown one')
      if (row.workload !== workload)
        return refusedToken(
          'join-token-other-workload',
          `the workload it was made for`,
          `workload ${JSON.stringify(workload)}`,
        )
      if (row.used_at !== null)
        return refusedToken('join-token-used', 'an unused token', `one used at ${iso(row.used_at)}`)
      if (row.expires <= clock())
        return refusedToken('join-token-expired', 'a token in its time', `one expired at ${iso(row.expires)}`)
      return undefined
    }
  }
  // A day of history is enough to tell "used" from "unknown".
  const forget = () => db.run('DELETE FROM join_tokens WHERE expires < ?', clock() - 86_400_000)
  return {
    issue(workload) {
      const token = randomBytes(32).toString('base64url')
      db.transaction(() => {
        forget()
        db.run(
          'INSERT INTO join_tokens (hash, workload, expires) VALUES (?, ?, ?)',
          hash(token),
          workload,
          clock() + lifetimeMs,
        )
      })
      return token
    },
    look,
    consume(token, workload) {
      const changed = db.run(
        'UPDATE join_tokens SET used_at = ? WHERE hash = ? AND workload = ? AND used_at IS NULL AND expires > ?',
        clock(),
        hash(token),
        workload,
        clock(),
      )
      if (changed === 1) return
      look(token, workload)
      throw refusedToken('join-token-used', 'an unused token', 'one used a moment ago')
    },
    useUp(ticket, workload, expires) {
      forget()
      const added = db.run(
        'INSERT OR IGNORE INTO join_tokens (hash, workload, expires, used_at) VALUES (?, ?, ?, ?)',
        ...[hash(ticket), workload, expires, clock()],
      )
      if (added !== 1) throw refusedToken('join-token-used', 'an unused token', 'one used before')
    },
  }
}

type Row = { workload: string; expires: number; used_at: number | null }

const hash = (token: string): string => createHash('sha256').update(token).digest('hex')

const iso = (ms: number): string => new Date(ms).toISOString()

/** Why a join token does not let anybody in. */
export const refusedToken = (code: string, expected: string, found: string): HopError =>
  new HopError(code, { field: 'token', expected, found, remedy: 'Ask the operator for a new join token' })
