import { expect, test } from 'vitest'
import { createTrustPublisher } from '../../../services/control/certificates/trust-publisher.ts'
import { createFleet } from '../../../services/control/fleet.ts'
import { authorityFor, codeOf } from '../pki/issued.ts'

const setUp = () => {
  const time = { now: 7 }
  let number = 1
  const switches = {
    trustWithheld: [] as string[],
    revocation: { lists: 'renewed' as const, failure: 'hard-fail' as const },
  }
  const fleet = createFleet()
  const revoked = new Set<string>()
  const authority = authorityFor()
  const lists = {
    ...{ number: () => number, lists: () => [`list ${number}`], own: () => ['own'], revoked: () => [...revoked] },
    everyMs: () => 1000,
    dueInMs: () => 1000,
    seen: (held: number) => {
      const ahead = held > number
      if (ahead) number = held
      return ahead
    },
    renew: () => {
      number++
    },
  }
  const publisher = createTrustPublisher({
    ...{ authority, lists, fleet, switches: () => switches, rotation: () => undefined, clock: () => time.now },
    ledger: { isRevoked: (serial: string) => revoked.has(serial) } as never,
  })
  const told: Record<string, object[]> = {}
  const closed: string[] = []
  for (const name of ['orders', 'payments']) {
    told[name] = []
    fleet.attach(name, { send: message => void told[name]!.push(message), close: () => void closed.push(name) }, name)
  }
  return { publisher, switches, told, closed, revoked, fleet, time }
}

test('everybody is told the same, under a number that grows; a list that is not given out is the control plane’s own', () => {
  const { publisher, told } = setUp()
  publisher.publish()
  publisher.publish()
  expect(told.orders).toEqual(told.payments)
  expect(told.orders).toMatchObject([
    { type: 'trust', version: 2, crl: ['list 2'], revocation: 'hard-fail' },
    { type: 'trust', version: 3, crl: ['list 3'] },
  ])
  expect(publisher.own().crl).toEqual(['own'])
})

test('who is left out is told nothing, not even in the beginning of a stream', () => {
  const { publisher, switches, told } = setUp()
  switches.trustWithheld = ['orders']
  publisher.publish()
  expect(told.orders).toEqual([])
  expect(told.payments).toHaveLength(1)
  expect(publisher.greeting('orders')).toBeUndefined()
  expect(publisher.greeting('payments')).toMatchObject({ version: 2 })
})

test('trust counts as taken only in its newest version, and as drained only when it was said', () => {
  const { publisher } = setUp()
  publisher.publish()
  const held = () => [publisher.holds('orders'), publisher.holds('orders', true)]
  expect(held()).toEqual([false, false])
  publisher.ack('orders', { version: 1, ok: true, drained: true })
  expect(held()).toEqual([false, false])
  publisher.ack('orders', { version: 2, ok: true, drained: false })
  expect(held()).toEqual([true, false])
  publisher.ack('orders', { version: 2, ok: true, drained: true })
  expect(held()).toEqual([true, true])
  publisher.ack('orders', { version: 1, ok: false, drained: false })
  expect(held()).toEqual([true, true])
  publisher.publish()
  publisher.ack('orders', { version: 3, ok: false, drained: false, error: 'unreadable' })
  expect(held()).toEqual([false, false])
  expect(publisher.state().workloads).toEqual({
    orders: { version: 3, ok: false, drained: false, error: 'unreadable', at: 7 },
  })
  expect(codeOf(() => publisher.ack('orders', { version: 9, ok: true, drained: true }))).toBe('ack-of-the-future')
})

test('a stream that a revoked certificate proves ends with the news', () => {
  const { publisher, revoked, closed } = setUp()
  revoked.add('orders')
  publisher.publish()
  expect(closed).toEqual(['orders'])
})

test('to who holds more than is given out it is said anew, above that: this state is an older one', () => {
  const { publisher, told } = setUp()
  publisher.seen('orders', 1)
  expect(told.orders).toEqual([])
  publisher.seen('orders', 40)
  expect(told.orders).toMatchObject([{ type: 'trust', version: 41 }])
  expect(told.payments).toEqual(told.orders)
})

test('who claims to hold newer trust again and again is believed no more for a while; nobody else is held to it', () => {
  const { publisher, told, time } = setUp()
  const claim = (workload: string) => codeOf(() => publisher.seen(workload, publisher.version() + 1))
  const given = () => told.payments!.length
  expect([1, 2, 3].map(() => claim('orders'))).toEqual(Array(3).fill('not refused'))
  expect(given()).toBe(3)
  expect([1, 2, 3].map(() => claim('orders'))).toEqual(Array(3).fill('trust-claims'))
  expect([publisher.version(), given()]).toEqual([7, 3])
  // what it holds is no claim, and others are believed
  publisher.seen('orders', publisher.version())
  expect([claim('payments'), given()]).toEqual(['not refused', 4])
  time.now += 60_000
  expect([claim('orders'), given()]).toEqual(['not refused', 5])
})
