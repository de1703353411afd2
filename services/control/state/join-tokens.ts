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
}

export const createJoinTokens = (db: Database, clock: () => number, lifetimeMs: number): JoinTokens => {
  const look = (token: string, workload: string): void => {
    const problem = judge(db.get<Row>('SELECT workload, expires, used_at FROM join_tokens WHERE hash = ?', hash(token)))
    if (problem) throw problem
    function judge(row: Row | undefined): HopError | undefined {
      if (!row) return refused('join-token-unknown', 'a token from this control plane', 'an unknown one')
      if (row.workload !== workload)
        return refused(
          'join-token-other-workload',
          `the workload it was made for`,
          `workload ${JSON.stringify(workload)}`,
        )
      if (row.used_at !== null) return refused('join-token-used', 'an unused token', `one used at ${iso(row.used_at)}`)
      if (row.expires <= clock())
        return refused('join-token-expired', 'a token in its time', `one expired at ${iso(row.expires)}`)
      return undefined
    }
  }
  return {
    issue(workload) {
      const token = randomBytes(32).toString('base64url')
      db.transaction(() => {
        // A day of history is enough to tell "used" from "unknown".
        db.run('DELETE FROM join_tokens WHERE expires < ?', clock() - 86_400_000)
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
      throw refused('join-token-used', 'an unused token', 'one used a moment ago')
    },
  }
}

type Row = { workload: string; expires: number; used_at: number | null }

const hash = (token: string): string => createHash('sha256').update(token).digest('hex')

const iso = (ms: number): string => new Date(ms).toISOString()

const refused = (code: string, expected: string, found: string) =>
  new HopError(code, { field: 'token', expected, found, remedy: 'Ask the operator for a new join token' })
