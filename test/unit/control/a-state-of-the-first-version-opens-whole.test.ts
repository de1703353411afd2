import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { pino } from 'pino'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { keptAuthority } from '../../../services/control/certificates/kept-authority.ts'
import { openStore } from '../../../services/control/state/store.ts'
import { readTopology } from '../../../services/topology/file.ts'
import { authorityFor, codeOf } from '../pki/issued.ts'

const topology = readTopology('topologies/shop.yaml')
const now = Date.now()
const authority = authorityFor({ clock: () => now })
const lifetimes = { workloadMs: 1, publicMs: 1, joinTokenMs: 1, crlMs: 1000 }
let home: string
let stateDir: string

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'hop-first-'))
  stateDir = join(home, 'state')
  mkdirSync(stateDir, { mode: 0o700 })
})
afterEach(() => rmSync(home, { recursive: true, force: true }))

const write = (sql: string, ...rows: [string, ...(string | number)[]][]) => {
  const file = join(stateDir, 'control.sqlite')
  const db = new DatabaseSync(file)
  db.exec(sql)
  for (const [statement, ...values] of rows) db.prepare(statement).run(...values)
  db.close()
  chmodSync(file, 0o600)
}

const open = () =>
  openStore({
    ...{ stateDir, topology, initialMode: 'mtls' as const, clock: () => now, joinTokenMs: 1000 },
    log: pino({ level: 'silent' }),
  })

/** As the first version wrote it. */
const first = `
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
  PRAGMA user_version = 1;`

const orders = 'spiffe://hop.lab/orders'
const writeFirst = () => {
  const [{ root, workloads, public: names }] = authority.exportState().generations as [
    ReturnType<typeof authority.exportState>['generations'][number],
  ]
  const issued = 'INSERT INTO issued VALUES (?, ?, ?, ?, ?)'
  write(
    first,
    ['INSERT INTO authority VALUES (1, ?)', JSON.stringify({ version: 1, root, workloads, public: names })],
    [issued, 'aa', 'workload', orders, now - 3, now + 1000],
    [issued, 'bb', 'workload', orders, now - 2, now + 1000],
    [issued, 'cc', 'public', 'shop.hop.lab', now - 1, now + 1000],
    [issued, 'dd', 'workload', 'spiffe://hop.lab/control', now, now + 1000],
    ['INSERT INTO revoked VALUES (?, ?, ?)', 'aa', now, 'keyCompromise'],
    ['INSERT INTO settings VALUES (?, ?)', 'mode', 'hybrid'],
    ['INSERT INTO settings VALUES (?, ?)', 'crl_number', '41'],
    [
      'INSERT INTO audit (at, who, action, target, result, detail) VALUES (?, ?, ?, ?, ?, ?)',
      1,
      'o',
      'mode',
      't',
      'ok',
      '{}',
    ],
  )
}

test('everything in it is kept, and its certificates are given the CA they are from', () => {
  writeFirst()
  const store = open()
  const kept = keptAuthority(store, topology, () => now, lifetimes)
  expect(kept.trustBundle()).toEqual(authority.trustBundle())
  const id = (kind: string) => authority.cas().find(ca => ca.kind === kind)!.id
  expect(store.ledger.rows()).toMatchObject([
    { serial: 'aa', name: orders, by: 'enrol', issuer: id('workloads'), reason: 'keyCompromise', revokedAt: now },
    { serial: 'bb', name: orders, by: 'renew', issuer: id('workloads'), reason: null, revokedAt: null },
    { serial: 'cc', name: 'shop.hop.lab', by: 'public', issuer: id('public') },
    { serial: 'dd', by: 'control', issuer: id('workloads') },
  ])
  expect([store.intent.mode(), store.ledger.nextCrlNumber(), store.audit.since(0)]).toMatchObject([
    'hybrid',
    42,
    [{ action: 'mode' }],
  ])
  store.close()
  const again = open()
  expect(again.ledger.rows()).toHaveLength(4)
  again.close()
})

test('one that cannot be brought up whole is left as it was', () => {
  write(`${first} ALTER TABLE issued ADD COLUMN asked TEXT;`)
  expect(() => open()).toThrow(/asked/)
  const db = new DatabaseSync(join(stateDir, 'control.sqlite'))
  expect(db.prepare('PRAGMA user_version').get()).toEqual({ user_version: 1 })
  expect(db.prepare("SELECT 1 FROM pragma_table_info('issued') WHERE name = 'issuer'").get()).toBeUndefined()
  db.close()
})

test.each([-1, 99])('version %i is refused, and left as it was', version => {
  write(`${first} PRAGMA user_version = ${version};`)
  expect(codeOf(open)).toBe('state-other-version')
})
