import { beforeEach, describe, expect, test } from 'vitest'
import { type Authority, createAuthority } from '../../../pki/authority.ts'
import { readCrl } from '../../../pki/crl-read.ts'
import { generateKey, privateKeyPem } from '../../../pki/keys.ts'
import { type CrlPublication, createCrlPublication } from '../../../services/control/certificates/crl-publication.ts'
import type { RevocationSettings } from '../../../services/control/rollout/switches.ts'
import type { Revoked } from '../../../services/control/state/ledger.ts'
import { handshake } from '../pki/handshake.ts'

const minute = 60_000
const start = Math.floor(Date.now() / 1000) * 1000

let now = start
let settings: RevocationSettings
let rows: (Revoked & { notAfter: number })[]
let authority: Authority
let published: CrlPublication

let kept: string | undefined

/** Keeps what the real one keeps on disk. */
const createLedger = () => {
  let number = 0
  let scheduledAt = 0
  return {
    revoked: (after = 0) => rows.filter(({ notAfter }) => notAfter > after),
    nextCrlNumber: (floor = 0) => {
      number = Math.max(number, floor) + 1
      return number
    },
    keptLists: () => kept,
    keepLists: (text: string) => {
      kept = text
    },
    crlScheduledAt: () => scheduledAt,
    setCrlScheduledAt: (at: number) => {
      scheduledAt = at
    },
  }
}

const workloadsCa = () => authority.cas().find(({ kind }) => kind === 'workloads')!.id
const revoke = (serial: string, notAfter = start + 60 * minute) => {
  rows.push({ serial, at: now, reason: 'keyCompromise', kind: 'workload', issuer: workloadsCa(), notAfter })
}
const givenOut = () => published.lists().map(pem => readCrl(pem))
const listed = () => givenOut().flatMap(list => [...list.revoked()])
const set = (next: Partial<RevocationSettings>) => {
  settings = { ...settings, ...next }
  published.renew()
}

let ledger: ReturnType<typeof createLedger>

/** As a control plane begins: with nothing but what is on disk. */
const begin = () =>
  createCrlPublication({ authority, ledger, settings: () => settings, clock: () => now, lifetimeMs: 60 * minute })

beforeEach(() => {
  now = start
  rows = []
  kept = undefined
  ledger = createLedger()
  settings = { lists: 'renewed', failure: 'hard-fail' }
  authority = createAuthority({ trustDomain: 'hop.lab', clock: () => now })
  published = begin()
})

describe('while lists are renewed', () => {
  test('there is one for each CA, all under a number that grows', () => {
    expect(givenOut().map(({ issuer }) => issuer)).toHaveLength(3)
    expect(new Set(givenOut().map(({ issuer }) => issuer))).toEqual(new Set(authority.cas().map(({ id }) => id)))
    const before = published.number()
    published.renew()
    expect([published.number(), ...givenOut().map(({ number }) => number)]).toEqual(Array(4).fill(before + 1))
  })

  test('a serial stays on them until one scheduled list after its certificate ended had it', () => {
    revoke('11', now + 10 * minute)
    published.renew()
    expect([listed(), published.revoked()]).toEqual([['11'], ['11']])
    now += 5 * minute
    published.renew({ scheduled: true })
    now += 10 * minute
    published.renew()
    expect(listed()).toEqual(['11'])
    published.renew({ scheduled: true })
    expect(listed()).toEqual(['11'])
    published.renew()
    expect([listed(), published.revoked()]).toEqual([[], []])
  })

  test('they live and are renewed by the lifetime that was asked for', () => {
    expect(published.everyMs()).toBe(20 * minute)
    set({ lifetimeS: 30 })
    expect(published.everyMs()).toBe(10_000)
    expect(givenOut().every(({ nextUpdate }) => nextUpdate === now + 30_000)).toBe(true)
    expect(readCrl(published.own()[1]!).nextUpdate).toBe(now + 60 * minute)
  })
})

describe('lists left to expire', () => {
  beforeEach(() => {
    revoke('11')
    set({ lists: 'left-to-expire', lifetimeS: 60 })
  })

  test('are given out once more, and then stay as they were', () => {
    const last = published.lists()
    expect(givenOut().every(({ nextUpdate }) => nextUpdate === now + minute)).toBe(true)
    now += 2 * minute
    published.renew({ scheduled: true })
    set({ failure: 'soft-fail' })
    expect(published.lists()).toEqual(last)
  })

  test('leave what is revoked afterwards unknown outside, and known to the control plane', () => {
    revoke('22')
    published.renew()
    expect([listed(), published.revoked()]).toEqual([['11'], ['11']])
    const own = published.own().map(pem => readCrl(pem))
    expect(own.flatMap(list => [...list.revoked()])).toEqual(['11', '22'])
    expect(own.every(({ nextUpdate }) => nextUpdate === now + 60 * minute)).toBe(true)
  })

  test('are renewed again when the switch says so', () => {
    revoke('22')
    set({ lists: 'renewed' })
    expect([listed(), published.revoked()]).toEqual([
      ['11', '22'],
      ['11', '22'],
    ])
  })
})

test('lists that are withheld are none at all, and what was known stays known', () => {
  revoke('11')
  published.renew()
  set({ lists: 'withheld' })
  revoke('22')
  published.renew()
  expect([published.lists(), published.revoked()]).toEqual([[], ['11']])
  expect(published.own()).toHaveLength(3)
})

test('what nobody was given does not count: an entry stays until a list that was given out had it', () => {
  revoke('11', now + 10 * minute)
  set({ lists: 'withheld' })
  now += 20 * minute
  published.renew({ scheduled: true })
  set({ lists: 'renewed' })
  expect(listed()).toEqual(['11'])
})

test('a list of 10,000 serials still tells one from the other', async () => {
  const pairOf = (name: string) => {
    const { privateKey, publicKey } = generateKey()
    const id = `spiffe://hop.lab/${name}`
    const request = { id, publicKey, lifetimeMs: 60 * minute, serial: authority.newSerial() }
    const { chain, serial } = authority.issueWorkload(request)
    return { serial, key: privateKeyPem(privateKey), cert: chain }
  }
  const [revoked, good, server] = [pairOf('orders'), pairOf('gateway'), pairOf('payments')]
  for (let i = 0; i < 9999; i++) revoke(authority.newSerial())
  revoke(revoked.serial)
  published.renew()
  expect(published.revoked()).toHaveLength(10_000)
  expect(Buffer.byteLength(published.lists().join(''))).toBeLessThan(1_000_000)
  const trust = { ca: authority.trustBundle(), crl: published.lists() }
  const meet = (client: typeof good) => handshake({ ...server, ...trust }, { ...client, ...trust })
  expect((await meet(revoked)).serverSaw).toBe('CERT_REVOKED')
  expect((await meet(good)).serverSaw).toBeUndefined()
})

describe('a restart', () => {
  const all = () => [published.number(), published.lists(), published.own(), published.revoked()]

  test.each([{ lists: 'renewed' }, { lists: 'left-to-expire', lifetimeS: 60 }, { lists: 'withheld' }] as const)(
    'changes nothing for anybody while lists are $lists',
    wish => {
      revoke('11')
      set(wish)
      const before = all()
      now += 10 * minute
      published = begin()
      expect(all()).toEqual(before)
      expect(published.dueInMs()).toBe(10 * minute)
    },
  )

  const changed: Record<string, () => void> = {
    'lists that are due': () => {
      now += 20 * minute
    },
    'a clock set back': () => {
      now -= minute
    },
    'a revocation that was not given out yet': () => revoke('22'),
    'a CA that is trusted no longer': () => {
      const [old] = authority.generations()
      const next = authority.add('intermediate')
      authority.arrange(next, [next])
      expect(authority.generations()[0]).toMatchObject({ id: old!.id, trusted: false })
    },
    'a switch that was thrown in the last moment': () => {
      settings = { ...settings, failure: 'soft-fail' }
    },
  }

  test.each(Object.keys(changed))('after %s gives out new lists under the next number', what => {
    const before = published.number()
    changed[what]!()
    published = begin()
    expect([published.number(), ...givenOut().map(({ number }) => number)].every(number => number === before + 1)).toBe(
      true,
    )
    expect(published.dueInMs()).toBe(20 * minute)
  })

  test('with lists left to expire leaves them be however old they are', () => {
    set({ lists: 'left-to-expire', lifetimeS: 60 })
    const last = published.lists()
    now += 40 * minute
    published = begin()
    expect(published.lists()).toEqual(last)
  })
})

describe('a number that somebody holds', () => {
  test('below what is given out changes nothing', () => {
    expect(published.seen(published.number())).toBe(false)
  })

  test('ahead of it is left behind by the next lists', () => {
    expect(published.seen(700)).toBe(true)
    published.renew()
    expect([published.number(), ...givenOut().map(({ number }) => number)]).toEqual(Array(4).fill(701))
  })

  test('beyond all reason is not believed: nobody uses the numbers up', () => {
    expect(published.seen(1e12)).toBe(false)
    published.renew()
    expect(published.number()).toBeLessThan(10)
  })
})
