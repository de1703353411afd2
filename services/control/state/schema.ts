/** The version this hop writes, as `PRAGMA user_version`. */
export const schemaVersion = 2

/** What leads from each version to the next, the first from an empty file. Never edited once released: only added to. */
const steps: readonly string[] = [
  `
  CREATE TABLE authority (one INTEGER PRIMARY KEY CHECK (one = 1), state TEXT NOT NULL);
  CREATE TABLE issued (serial TEXT PRIMARY KEY COLLATE NOCASE, kind TEXT NOT NULL, name TEXT NOT NULL, at INTEGER NOT NULL, not_after INTEGER NOT NULL);
  CREATE INDEX issued_name ON issued (name, not_after);
  CREATE TABLE revoked (serial TEXT PRIMARY KEY COLLATE NOCASE, at INTEGER NOT NULL, reason TEXT NOT NULL);
  CREATE TABLE join_tokens (hash TEXT PRIMARY KEY, workload TEXT NOT NULL, expires INTEGER NOT NULL, used_at INTEGER);
  CREATE TABLE audit (id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, who TEXT NOT NULL, action TEXT NOT NULL,
    target TEXT NOT NULL, result TEXT NOT NULL, detail TEXT NOT NULL);
  CREATE TABLE rollout (one INTEGER PRIMARY KEY CHECK (one = 1), source TEXT NOT NULL, target TEXT NOT NULL,
    step TEXT NOT NULL, stop_at TEXT, reached INTEGER NOT NULL);
  CREATE TABLE published (workload TEXT PRIMARY KEY, version INTEGER NOT NULL, desired TEXT NOT NULL);
  CREATE TABLE addresses (workload TEXT PRIMARY KEY, host TEXT NOT NULL, port INTEGER NOT NULL);
  CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL);
`,
  // Which CA, and how it was asked for. What a certificate of version 1 was asked for by can only be told from its name.
  `
  ALTER TABLE issued ADD COLUMN issuer TEXT NOT NULL DEFAULT '';
  ALTER TABLE issued ADD COLUMN asked TEXT NOT NULL DEFAULT 'renew';
  UPDATE issued SET asked = CASE
    WHEN kind = 'public' THEN 'public'
    WHEN name LIKE '%/control' THEN 'control'
    WHEN NOT EXISTS (SELECT 1 FROM issued AS earlier WHERE earlier.name = issued.name AND earlier.rowid < issued.rowid) THEN 'enrol'
    ELSE 'renew' END;
`,
]

/** SQL that brings a file of `version` (0: an empty one) up to {@link schemaVersion}; empty: nothing to do; undefined: unknown. */
export const bringUp = (version: number): string | undefined => {
  if (version < 0 || version > schemaVersion) return undefined
  if (version === schemaVersion) return ''
  return `${steps.slice(version).join('')} PRAGMA user_version = ${schemaVersion};`
}
