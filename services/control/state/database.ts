import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { HopError } from '../../../pki/error.ts'
import { bringUp, schemaVersion } from './schema.ts'
import { prepareStateFile } from './state-dir.ts'

/** A value SQLite keeps as it is. */
export type Value = string | number | null

/** The state file: prepared statements and transactions that are on disk when they return. */
export type Database = {
  get<Row>(sql: string, ...values: Value[]): Row | undefined
  all<Row>(sql: string, ...values: Value[]): Row[]
  /** Number of rows changed. Throws `state-not-writable` when the disk refuses. */
  run(sql: string, ...values: Value[]): number
  /** All or nothing; nested calls join the outer one. */
  transaction<T>(work: () => T): T
  /**
   * Leaves nothing behind in the file or its log of what was deleted or replaced: a private key that was given up. Where the
   * disk refuses that now, the next start does it.
   */
  scrub(): void
  close(): void
}

/**
 * Opens `control.sqlite` in the state directory, making it when new; a file of an earlier version is
 * brought up to this one, all of it or nothing. Write-ahead log, every commit synced.
 * Throws `state-in-use`, `state-other-version`, `state-unreadable`, and what {@link prepareStateFile} throws.
 */
export const openDatabase = (directory: string): Database => {
  const file = prepareStateFile(directory, 'control.sqlite')
  const db = new DatabaseSync(file)
  try {
    // Exclusive before the log is opened: one control plane per state directory, and no shared-memory file.
    db.exec(
      'PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON',
    )
    const { user_version: version } = db.prepare('PRAGMA user_version').get() as { user_version: number }
    const sql = bringUp(version)
    if (sql === undefined) throw otherVersion(file, version)
    if (sql !== '') db.exec(`BEGIN IMMEDIATE; ${sql} COMMIT`)
    db.exec('BEGIN IMMEDIATE; COMMIT')
    checkIntact(db, file)
    scrub(db)
  } catch (cause) {
    db.close()
    throw readable(file, cause)
  }
  return withStatements(db, file)
}

const withStatements = (db: DatabaseSync, file: string): Database => {
  const prepared = new Map<string, StatementSync>()
  const statement = (sql: string): StatementSync => {
    const known = prepared.get(sql)
    if (known) return known
    const made = db.prepare(sql)
    prepared.set(sql, made)
    return made
  }
  const guarded = <T>(work: () => T): T => {
    try {
      return work()
    } catch (cause) {
      throw readable(file, cause)
    }
  }
  let depth = 0
  return {
    get: <Row>(sql: string, ...values: Value[]) => statement(sql).get(...values) as Row | undefined,
    all: <Row>(sql: string, ...values: Value[]) => statement(sql).all(...values) as Row[],
    run: (sql, ...values) => guarded(() => Number(statement(sql).run(...values).changes)),
    transaction(work) {
      if (depth > 0) return work()
      guarded(() => db.exec('BEGIN IMMEDIATE'))
      depth++
      try {
        const result = work()
        guarded(() => db.exec('COMMIT'))
        return result
      } catch (error) {
        if (db.isTransaction) db.exec('ROLLBACK')
        throw error
      } finally {
        depth--
      }
    },
    scrub: () => scrub(db),
    close: () => db.close(),
  }
}

/** Freed pages are zeroed as they are freed; the log has older ones until it was carried over and cut. */
const scrub = (db: DatabaseSync): void => {
  try {
    db.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  } catch {}
}

/** SQLite looks at a page when it needs it: a torn one would be met in the middle of some later request. */
const checkIntact = (db: DatabaseSync, file: string): void => {
  const { integrity_check: found } = db.prepare('PRAGMA integrity_check(1)').get() as { integrity_check: string }
  if (found === 'ok') return
  throw new HopError('state-unreadable', {
    field: file,
    expected: 'an intact database',
    found,
    remedy: 'Put a copy of the state directory in its place, or remove it to start afresh',
  })
}

const otherVersion = (file: string, version: number) =>
  new HopError('state-other-version', {
    field: `${file} user_version`,
    expected: `${schemaVersion} or less`,
    found: String(version),
    remedy: 'The state was written by another version of hop: remove the state directory to start afresh',
  })

/** SQLite's result codes that mean something to whoever runs the lab (sqlite.org/rescode.html). */
const known: Record<number, { code: string; expected: string; remedy: string }> = {
  5: {
    code: 'state-in-use',
    expected: 'no other control plane',
    remedy: 'Stop the lab that uses it (hop down) or choose another directory',
  },
  8: { code: 'state-not-writable', expected: 'a writable file', remedy: 'Choose another state directory' },
  10: {
    code: 'state-not-writable',
    expected: 'a working disk',
    remedy: 'Look at the disk, then start again: nothing that was acknowledged is lost',
  },
  11: {
    code: 'state-unreadable',
    expected: 'an intact database',
    remedy: 'Remove the state directory to start afresh',
  },
  13: {
    code: 'state-not-writable',
    expected: 'free space',
    remedy: 'Free disk space: nothing that was acknowledged is lost',
  },
  14: { code: 'state-not-writable', expected: 'a file that can be opened', remedy: 'Choose another state directory' },
  26: {
    code: 'state-unreadable',
    expected: 'an SQLite database',
    remedy: 'Remove the state directory to start afresh',
  },
}

const readable = (file: string, cause: unknown): unknown => {
  const { errcode, message } = cause as { errcode?: number; message?: string }
  const row = errcode === undefined ? undefined : known[errcode & 0xff]
  if (!row) return cause
  return new HopError(row.code, {
    field: file,
    expected: row.expected,
    found: message ?? 'nothing',
    remedy: row.remedy,
    cause,
  })
}
