import { expect, test } from 'vitest'
import { type Cost, type CostId, costTitles } from '../../../scenarios/costs.ts'
import { bestFitOf, compareCosts } from '../../../scenarios/fit.ts'
import { type Counted, countCosts } from '../../../scenarios/flows/count-costs.ts'
import type { ConnectionRecord } from '../../../services/chassis/observation.ts'
import { hopsOf } from '../../../services/hops.ts'
import type { Mode } from '../../../services/modes.ts'
import { answered, shop } from './outcomes.ts'

const connection = (how: Partial<ConnectionRecord>): ConnectionRecord => ({
  ...{ cursor: 1, id: 'c', side: 'server', at: '' },
  ...how,
})
const hourMs = 3_600_000
const tls = { protocol: 'TLSv1.3' }
const certificate = (kind: 'workload' | 'public', key: string) => ({
  kind,
  name: key,
  key,
  serial: key,
  notBefore: '',
  notAfter: new Date(hourMs).toISOString(),
  issuer: '',
})

const hops = hopsOf(shop, 'mtls')
const opened = ['client:edge', 'orders:payments']
const counted = {
  hops,
  watched: {
    overheard: {
      canary: { needles: { card: '4111', stock: 'mug' } },
      raw: (link: string) => Buffer.from(link === 'gateway:orders' ? 'card 4111' : ''),
      decrypted: (link: string, [name]: string[]) =>
        Buffer.from(link === 'orders:payments' && name === 'payments' ? '4111' : ''),
    },
    seen: {
      topology: shop,
      answer: { ...answered, tls: { protocol: 'TLSv1.3', cipher: 'x', peerKey: 'shop' } },
      reports: {
        edge: {
          held: [certificate('public', 'shop'), certificate('workload', 'edge')],
          connections: [connection(tls), connection({ side: 'client', ...tls, peerKey: 'payments' })],
        },
        payments: {
          held: [certificate('workload', 'payments')],
          connections: [connection(tls), connection({ ...tls, failure: { name: 'x', code: 'x' } }), connection({})],
        },
      },
    },
    hop: ({ link }: { link: { id: string } }) => ({ decrypted: opened.includes(link.id) }),
  },
  kept: { probes: 3, reports: { edge: { connections: [connection(tls)] } } },
  entries: [
    { request: 'POST /orders', workload: 'edge' },
    { request: 'GET /orders/1', workload: 'edge' },
    { request: 'GET /lost', workload: undefined },
  ],
  certificates: ['shop', 'edge', 'payments'].map(serial => ({ serial, at: 0 })),
} as unknown as Counted

test('each count is taken from what was observed', () => {
  const costs = countCosts(counted)
  const found = Object.fromEntries(costs.map(({ id, count, what }) => [id, [count, ...what]]))
  expect(found).toEqual({
    'certificates-held': [2, 'edge', 'payments'],
    'public-certificates-held': [1, 'shop'],
    'certificates-in-use': [2, 'shop', 'payments'],
    'certificate-owners': [2, 'edge', 'payments'],
    'certificate-issuances': [4],
    'certificates-at-100': [18],
    decryptions: [2, 'client → edge', 'orders → payments'],
    'handshakes-new': [2, 'edge', 'payments'],
    'handshakes-kept': [0.33],
    'clear:card': [4, 'gateway', 'orders', 'payments', 'gateway → orders'],
    'l7-places': [1, 'edge'],
  })
  for (const { title } of costs) expect(title.length).toBeGreaterThan(10)
})

const costs = (certificates: number, decryptions = 1, handshakes = 1): Cost[] =>
  Object.entries({ 'certificates-in-use': certificates, decryptions, 'handshakes-new': handshakes }).map(
    ([id, count]) => ({ id: id as CostId, title: costTitles[id as keyof typeof costTitles], count, what: [] }),
  )

test('what has fewer certificates to look after is cheaper, then what decrypts less, then what shakes hands less', () => {
  expect(compareCosts(costs(2, 9, 9), costs(3, 1, 1))).toBeLessThan(0)
  expect(compareCosts(costs(2, 9, 9), costs(2, 3, 9))).toBeGreaterThan(0)
  expect(compareCosts(costs(2, 3, 1), costs(2, 3, 2))).toBeLessThan(0)
  expect(compareCosts(costs(2), costs(2))).toBe(0)
})

const situation = { title: 'a shop', fits: 'hybrid', needs: ['private-from-outside', 'filtered-at-the-edge'] } as const
const cell = (mode: Mode, verdict: 'holds' | 'broken' | 'inconclusive') => ({ scenario: 'best-fit', mode, verdict })

test('the best fit meets every need at the least cost, and the line says by how much', () => {
  const cells = [cell('re-encrypt', 'broken'), cell('mtls', 'holds'), cell('hybrid', 'holds')]
  const found = bestFitOf(situation, cells, { mtls: costs(7), hybrid: costs(4), 're-encrypt': costs(1) })
  expect(found).toMatchObject({ best: 'hybrid', meets: ['hybrid', 'mtls'], needs: 2, stated: 'hybrid' })
  expect(found?.says).toBe(
    'Best fit for a shop: hybrid, which meets all 2 needs; mtls does too, with 7 certificates instead of 4',
  )
})

test('where the file says otherwise, where two cost the same and where nothing fits, the line says so', () => {
  const other = bestFitOf(situation, [cell('mtls', 'holds'), cell('hybrid', 'holds')], {
    mtls: costs(1),
    hybrid: costs(1),
  })
  expect(other?.says).toMatch(/: mtls, .* hybrid does too, at the same price \(its topology says hybrid\)$/)
  const none = bestFitOf(situation, [cell('mtls', 'broken'), cell('hybrid', 'inconclusive')], { hybrid: costs(1) })
  expect(none).toMatchObject({ best: undefined, meets: [] })
  expect(none?.says).toMatch(/none of these modes meets all 2 needs/)
  expect(bestFitOf(situation, [], {})).toBeUndefined()
})

test('what rests on the certificates of many is withheld while the lab is not ready, and the line says why', () => {
  const ready = { ready: true, checks: [] }
  const check = { id: 'renewal-on', title: 'renewal is on', met: false, because: 'orders was told not to renew' }
  const late = { ready: false, checks: [check, { ...check, met: true }] }
  const owners = (count: number) => [...costs(count), { ...costs(1)[0]!, id: 'certificate-owners' as const, count }]
  const bestWith = (many: number, maturity?: typeof late) =>
    bestFitOf(situation, [cell('mtls', 'holds')], { mtls: owners(many) }, maturity)
  expect(bestWith(6, late)).toMatchObject({ best: 'mtls', withheld: ['orders was told not to renew'] })
  expect(bestWith(6, late)?.says).toMatch(/; withheld because orders was told not to renew$/)
  expect(bestWith(6, ready)?.withheld).toEqual([])
  expect(bestWith(1, late)?.withheld).toEqual([])
  expect(bestWith(6)?.says).not.toContain('withheld')
})
