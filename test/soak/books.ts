import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

/** What the state says once nobody writes it any more. */
export type Books = {
  /** SQLite's own word (`PRAGMA integrity_check`, `foreign_key_check`). */
  intact: boolean
  issued: number
  revoked: number
  /** Issued certificates by what they were issued for. */
  byKind: Record<string, number>
  /** Acts that began and of which no end is written down, `action target`. */
  unended: string[]
  audited: Record<string, number>
  /** Acts that did not end well, as the audit has them. */
  refused: string[]
  /** Which of these serials the ledger does not know. */
  unknown: string[]
}

/** Reads the state of a control plane that is not running. `received`: serials that somebody holds. */
export const readBooks = (stateDir: string, received: readonly string[]): Books => {
  const db = new DatabaseSync(join(stateDir, 'control.sqlite'))
  try {
    const all = <Row>(sql: string) => db.prepare(sql).all() as Row[]
    const counts = (sql: string) =>
      Object.fromEntries(all<{ what: string; n: number }>(sql).map(({ what, n }) => [what, n]))
    const check = all<{ integrity_check: string }>('PRAGMA integrity_check')
    const serials = new Set(all<{ serial: string }>('SELECT serial FROM issued').map(row => row.serial.toLowerCase()))
    const total = all<{ n: number }>('SELECT count(*) AS n FROM issued')[0]!.n
    return {
      intact:
        check[0]?.integrity_check === 'ok' && all('PRAGMA foreign_key_check').length === 0 && serials.size === total,
      issued: total,
      revoked: all<{ n: number }>('SELECT count(*) AS n FROM revoked')[0]!.n,
      byKind: counts('SELECT kind AS what, count(*) AS n FROM issued GROUP BY kind'),
      audited: counts("SELECT action || ' ' || result AS what, count(*) AS n FROM audit GROUP BY action, result"),
      refused: all<Entry & { who: string; detail: string }>(
        "SELECT who, action, target, result, detail FROM audit WHERE result NOT IN ('ok', 'begun') ORDER BY id",
      ).map(({ who, action, target, result, detail }) => `${who}: ${action} ${target}: ${result} ${detail}`),
      unended: unended(all<Entry>('SELECT action, target, result FROM audit ORDER BY id')),
      unknown: received.filter(serial => !serials.has(serial.toLowerCase())),
    }
  } finally {
    db.close()
  }
}

type Entry = { action: string; target: string; result: string }

/** An act that began twice before it ended was taken up again after a restart: it is one. */
const unended = (entries: readonly Entry[]): string[] => {
  const open = new Set<string>()
  for (const { action, target, result } of entries) {
    const what = `${action} ${target}`
    if (result === 'begun') open.add(what)
    else open.delete(what)
  }
  return [...open]
}
