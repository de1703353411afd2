import type { RevocationReason } from '../../../pki/crl.ts'
import type { Database } from './database.ts'

/** A certificate that left the authority. `name` is a SPIFFE ID or a DNS name; times in ms since the epoch. */
export type Issued = { serial: string; kind: 'workload' | 'public'; name: string; at: number; notAfter: number }

export type Revoked = { serial: string; at: number; reason: RevocationReason; kind: Issued['kind'] }

/** What was issued and what was taken back. A serial is on disk before its certificate leaves; its case does not matter. */
export type Ledger = {
  record(issued: Issued): void
  has(serial: string): boolean
  find(serial: string): Issued | undefined
  /** Serials of certificates for a name that are neither expired nor revoked. */
  live(name: string, now: number): string[]
  revoke(serials: string[], at: number, reason: RevocationReason): void
  revoked(): Revoked[]
  isRevoked(serial: string): boolean
  /** The next CRL's number: one more than any before, on disk when this returns (RFC 5280, 5.2.3). */
  nextCrlNumber(): number
}

export const createLedger = (db: Database): Ledger => ({
  record: ({ serial, kind, name, at, notAfter }) => {
    db.run(
      'INSERT INTO issued (serial, kind, name, at, not_after) VALUES (?, ?, ?, ?, ?)',
      serial,
      kind,
      name,
      at,
      notAfter,
    )
  },
  has: serial => db.get('SELECT 1 FROM issued WHERE serial = ?', serial) !== undefined,
  find: serial =>
    db.get<Issued>('SELECT serial, kind, name, at, not_after AS notAfter FROM issued WHERE serial = ?', serial),
  live: (name, now) =>
    db
      .all<{ serial: string }>(
        'SELECT serial FROM issued WHERE name = ? AND not_after > ? AND serial NOT IN (SELECT serial FROM revoked)',
        name,
        now,
      )
      .map(({ serial }) => serial),
  revoke: (serials, at, reason) =>
    db.transaction(() => {
      for (const serial of serials)
        db.run('INSERT OR IGNORE INTO revoked (serial, at, reason) VALUES (?, ?, ?)', serial, at, reason)
    }),
  revoked: () =>
    db.all<Revoked>(
      'SELECT serial, revoked.at, reason, kind FROM revoked JOIN issued USING (serial) ORDER BY revoked.at, serial',
    ),
  isRevoked: serial => db.get('SELECT 1 FROM revoked WHERE serial = ?', serial) !== undefined,
  nextCrlNumber: () =>
    db.transaction(() => {
      const next =
        Number(db.get<{ value: string }>("SELECT value FROM settings WHERE name = 'crl_number'")?.value ?? 0) + 1
      db.run("INSERT OR REPLACE INTO settings (name, value) VALUES ('crl_number', ?)", String(next))
      return next
    }),
})
