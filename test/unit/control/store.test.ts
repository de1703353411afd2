import { chmodSync, linkSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openStore } from '../../../services/control/state/store.ts'
import { readTopology } from '../../../services/topology/file.ts'

const shop = readTopology('topologies/shop.yaml')
let parent: string
let stateDir: string
let now = 1_000_000

const open = (topology = shop) =>
  openStore({
    stateDir,
    topology,
    initialMode: 'mtls',
    clock: () => now,
    log: pino({ level: 'silent' }),
    joinTokenMs: 600_000,
  })

const codeOf = (work: () => unknown): string | undefined => {
  try {
    work()
    return undefined
  } catch (error) {
    return (error as { code?: string }).code
  }
}

beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'hop-store-'))
  stateDir = join(parent, 'state')
})
afterEach(() => rmSync(parent, { recursive: true, force: true }))

describe('the state directory', () => {
  const file = () => join(stateDir, 'control.sqlite')

  it('is made for its owner alone', () => {
    open().close()
    expect([statSync(stateDir).mode & 0o777, statSync(file()).mode & 0o777]).toEqual([0o700, 0o600])
  })

  it('keeps its write-ahead log for the owner alone too', () => {
    const store = open()
    expect(statSync(`${file()}-wal`).mode & 0o777).toBe(0o600)
    store.close()
  })

  const refusals: Record<string, [string, () => void]> = {
    'a directory others can read': ['state-readable-by-others', () => mkdirSync(stateDir, { mode: 0o755 })],
    'a directory behind a symbolic link': [
      'state-symlink',
      () => {
        mkdirSync(join(parent, 'real'), { mode: 0o700 })
        symlinkSync(join(parent, 'real'), stateDir)
      },
    ],
    'a file others can read': [
      'state-readable-by-others',
      () => {
        open().close()
        chmodSync(file(), 0o644)
      },
    ],
    'a file behind a symbolic link': [
      'state-symlink',
      () => {
        mkdirSync(stateDir, { mode: 0o700 })
        writeFileSync(join(parent, 'elsewhere'), '', { mode: 0o600 })
        symlinkSync(join(parent, 'elsewhere'), file())
      },
    ],
    'a file with a second name': [
      'state-hard-link',
      () => {
        open().close()
        linkSync(file(), join(parent, 'second'))
      },
    ],
    'a path that cannot be made': ['state-not-writable', () => writeFileSync(stateDir, 'a file, not a directory')],
    'a file that is no database': [
      'state-unreadable',
      () => {
        mkdirSync(stateDir, { mode: 0o700 })
        writeFileSync(file(), 'x'.repeat(5000), { mode: 0o600 })
      },
    ],
    'the state of another version': [
      'state-other-version',
      () => {
        open().close()
        const db = new DatabaseSync(file())
        db.exec('PRAGMA user_version = 99')
        db.close()
      },
    ],
    'a mode this version does not know': [
      'state-other-version',
      () => {
        open().close()
        const db = new DatabaseSync(file())
        db.exec("UPDATE settings SET value = 'quantum' WHERE name = 'mode'")
        db.close()
      },
    ],
  }
  it.each(Object.entries(refusals))('refuses %s', (_, [code, prepare]) => {
    prepare()
    expect(codeOf(open)).toBe(code)
  })

  it('refuses a second control plane while one is running', () => {
    const store = open()
    expect(codeOf(open)).toBe('state-in-use')
    store.close()
  })

  it('refuses another topology', () => {
    open().close()
    expect(codeOf(() => open({ ...shop, trustDomain: 'other.lab' }))).toBe('state-other-topology')
  })
})

describe('what is remembered', () => {
  it('survives closing: mode, rollout, routes, revocations, CRL number, versions', () => {
    const first = open()
    first.intent.setMode('hybrid')
    first.intent.setRollout({
      from: 'hybrid',
      to: 'mtls',
      step: 'move',
      stopAt: null,
      reached: false,
      guard: null,
      canary: null,
      moved: [],
    })
    first.intent.setRoutes({ 'orders:payments': { host: '127.0.0.1', port: 1 } })
    first.ledger.record({
      serial: 'AA',
      kind: 'workload',
      name: 'spiffe://hop.lab/orders',
      at: now,
      notAfter: now + 1000,
      issuer: 'cc',
      by: 'enrol',
    })
    first.ledger.revoke(['AA'], now, 'keyCompromise')
    const numbers = [first.ledger.nextCrlNumber(), first.intent.nextVersion()]
    first.close()

    const second = open()
    expect(second.intent.mode()).toBe('hybrid')
    expect(second.intent.rollout()).toEqual({
      from: 'hybrid',
      to: 'mtls',
      step: 'move',
      stopAt: null,
      reached: false,
      guard: null,
      canary: null,
      moved: [],
    })
    expect(second.intent.routes()).toEqual({ 'orders:payments': { host: '127.0.0.1', port: 1 } })
    expect(second.ledger.revoked()).toEqual([
      { serial: 'AA', at: now, reason: 'keyCompromise', kind: 'workload', issuer: 'cc' },
    ])
    expect([second.ledger.nextCrlNumber(), second.intent.nextVersion()]).toEqual(numbers.map(number => number + 1))
    second.close()
  })

  it('takes back everything of a transaction that fails', () => {
    const store = open()
    expect(() =>
      store.transaction(() => {
        store.intent.setMode('hybrid')
        store.transaction(() => store.intent.setRoutes({ a: { host: 'h', port: 1 } }))
        throw new Error('in the middle')
      }),
    ).toThrow('in the middle')
    expect([store.intent.mode(), store.intent.routes()]).toEqual(['mtls', {}])
    store.close()
  })

  it('never records a serial twice', () => {
    const store = open()
    const row = {
      ...{ serial: 'AA', kind: 'workload' as const, name: 'x', at: now, notAfter: now },
      ...{ issuer: 'cc', by: 'renew' as const },
    }
    store.ledger.record(row)
    expect(() => store.ledger.record(row)).toThrow(/UNIQUE/)
    store.close()
  })
})

describe('join tokens', () => {
  it('admit one workload, once, in time', () => {
    const { tokens, close } = open()
    const token = tokens.issue('orders')
    expect(Buffer.from(token, 'base64url')).toHaveLength(32)
    expect(codeOf(() => tokens.consume(token, 'payments'))).toBe('join-token-other-workload')
    expect(codeOf(() => tokens.consume(token, 'orders'))).toBeUndefined()
    expect(codeOf(() => tokens.consume(token, 'orders'))).toBe('join-token-used')
    expect(codeOf(() => tokens.consume('guess', 'orders'))).toBe('join-token-unknown')
    const late = tokens.issue('orders')
    now += 600_000
    expect(codeOf(() => tokens.consume(late, 'orders'))).toBe('join-token-expired')
    close()
  })

  it('are kept only as digests', () => {
    const { tokens, close } = open()
    const token = tokens.issue('orders')
    close()
    const db = new DatabaseSync(join(stateDir, 'control.sqlite'))
    const everything = JSON.stringify(db.prepare('SELECT * FROM join_tokens').all())
    db.close()
    expect(everything).not.toContain(token)
    expect(everything).toMatch(/[0-9a-f]{64}/)
  })
})

describe('the audit', () => {
  it('records acts and refusals, without secrets', async () => {
    const { audit, close } = open()
    const pem = ['-----BEGIN', 'PRIVATE KEY-----'].join(' ')
    audit.during(
      {
        ...{ who: 'operator', action: 'a' },
        detail: { token: 's3cret', deep: { privateKey: 's3cret', note: pem }, edge: { tokens: false } },
      },
      () => 1,
    )
    expect(() =>
      audit.during({ who: 'operator', action: 'b' }, () => {
        throw new Error('s3cret')
      }),
    ).toThrow()
    await expect(audit.during({ who: 'x'.repeat(900), action: 'c' }, async () => 2)).resolves.toBe(2)
    const entries = audit.since(0)
    expect(entries.map(({ action, result }) => [action, result])).toEqual([
      ['a', 'ok'],
      ['b', 'internal-error'],
      ['c', 'ok'],
    ])
    expect(JSON.stringify(entries)).not.toMatch(/s3cret|BEGIN/)
    expect(entries[0]!.detail).toMatchObject({ token: '[redacted]', edge: { tokens: false } })
    expect(entries[2]!.who).toHaveLength(300)
    expect(audit.since(entries[1]!.id)).toEqual([entries[2]])
    close()
  })
})
