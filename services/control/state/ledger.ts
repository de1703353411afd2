import type { RevocationReason } from '../../../pki/crl.ts'
import type { Database } from './database.ts'

/** A certificate that left the authority. `name` is a SPIFFE ID or a DNS name; times in ms since the epoch. */
export type Issued = { serial: string; kind: 'workload' | 'public'; name: string; at: number; notAfter: number }

/** How it was asked for: `control`, for the control plane itself; `experiment`, a faulty one for nobody to accept. */
export type IssuedBy = 'enrol' | 'renew' | 'public' | 'control' | 'experiment'

/** Which CA issued it (key identifier, hex; empty where that was not written down), and how it was asked for. */
export type Origin = { issuer: string; by: IssuedBy }

/** One row of the ledger, whole. */
export type CertificateRow = Issued & Origin & { revokedAt: number | null; reason: RevocationReason | null }

export type Revoked = { serial: string; at: number; reason: RevocationReason; kind: Issued['kind']; issuer: string }

/** What was issued and what was taken back. A serial is on disk before its certificate leaves; its case does not matter. */
export type Ledger = {
  record(issued: Issued & Origin): void
  has(serial: string): boolean
  find(serial: string): (Issued & Origin) | undefined
  /** Everything, oldest first; or only what was valid beyond `after`. */
  rows(after?: number): CertificateRow[]
  /** Names the CA of rows that were written before CAs were. */
  attribute(kind: Issued['kind'], issuer: string): void
  /** Serials of certificates for a name that are neither expired nor revoked. */
  live(name: string, now: number): string[]
  revoke(serials: string[], at: number, reason: RevocationReason): void
  /** In the order of revocation; only of certificates that were valid beyond `after`. */
  revoked(after?: number): Revoked[]
  isRevoked(serial: string): boolean
  /** The next CRL's number: above any before and above `floor`, on disk when this returns (RFC 5280, 5.2.3). */
  nextCrlNumber(floor?: number): number
  /** What was given out last, as whoever made it wrote it down. */
  keptLists(): string | undefined
  keepLists(text: string): void
  /** When CRLs were last made on schedule; 0 before the first time. */
  crlScheduledAt(): number
  setCrlScheduledAt(at: number): void
}

const columns = 'serial, kind, name, issued.at, not_after AS notAfter, issuer, asked AS "by"'

export const createLedger = (db: Database): Ledger => ({
  record: ({ serial, kind, name, at, notAfter, issuer, by }) => {
    db.run(
      'INSERT INTO issued (serial, kind, name, at, not_after, issuer, asked) VALUES (?, ?, ?, ?, ?, ?, ?)',
      ...[serial, kind, name, at, notAfter, issuer, by],
    )
  },
  has: serial => db.get('SELECT 1 FROM issued WHERE serial = ?', serial) !== undefined,
  find: serial => db.get<Issued & Origin>(`SELECT ${columns} FROM issued WHERE serial = ?`, serial),
  rows: (after = 0) =>
    db.all<CertificateRow>(
      `SELECT ${columns}, revoked.at AS revokedAt, reason FROM issued LEFT JOIN revoked USING (serial) WHERE not_after > ? ORDER BY issued.at, issued.rowid`,
      after,
    ),
  attribute: (kind, issuer) => {
    db.run("UPDATE issued SET issuer = ? WHERE kind = ? AND issuer = ''", issuer, kind)
  },
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
  revoked: (after = 0) =>
    db.all<Revoked>(
      'SELECT serial, revoked.at, reason, kind, issuer FROM revoked JOIN issued USING (serial) WHERE not_after > ? ORDER BY revoked.at, serial',
      after,
    ),
  isRevoked: serial => db.get('SELECT 1 FROM revoked WHERE serial = ?', serial) !== undefined,
  nextCrlNumber: (floor = 0) =>
    db.transaction(() => {
      const last = Number(db.get<{ value: string }>("SELECT value FROM settings WHERE name = 'crl_number'")?.value ?? 0)
      const next = Math.max(last, floor) + 1
      db.run("INSERT OR REPLACE INTO settings (name, value) VALUES ('crl_number', ?)", String(next))
      return next
    }),
  keptLists: () => db.get<{ value: string }>("SELECT value FROM settings WHERE name = 'crl_lists'")?.value,
  keepLists: text => {
    db.run("INSERT OR REPLACE INTO settings (name, value) VALUES ('crl_lists', ?)", text)
  },
  crlScheduledAt: () =>
    Number(db.get<{ value: string }>("SELECT value FROM settings WHERE name = 'crl_scheduled_at'")?.value ?? 0),
  setCrlScheduledAt: at => {
    db.run("INSERT OR REPLACE INTO settings (name, value) VALUES ('crl_scheduled_at', ?)", String(at))
  },
})
