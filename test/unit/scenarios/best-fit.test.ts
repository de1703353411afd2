import { expect, test } from 'vitest'
import bestFit, { judgeNeeds } from '../../../scenarios/deciding/best-fit.ts'
import type { InsiderOutcome } from '../../../scenarios/flows/insider-call.ts'
import type { NeedsSeen } from '../../../scenarios/flows/needs-seen.ts'
import type { Told } from '../../../scenarios/flows/story.ts'
import { needs } from '../../../scenarios/needs.ts'
import type { ObservedHop } from '../../../scenarios/observed.ts'
import type { Recorded } from '../../../scenarios/tap-client.ts'
import type { HeldCertificate } from '../../../services/chassis/observation.ts'
import { hopsOf } from '../../../services/hops.ts'
import { type Mode, modes } from '../../../services/modes.ts'
import { needIds } from '../../../services/topology/needs.ts'
import { answered, hop, refusedAs, served, shop } from './outcomes.ts'

const told = (workload: string, how: Partial<Told> = {}): Told => ({ ...served().request!, workload, ...how })
const held = (key: string): HeldCertificate => ({
  kind: 'workload',
  name: key,
  key,
  serial: '1',
  notBefore: '',
  notAfter: '',
  issuer: '',
})

type How = {
  transport?: 'plaintext' | 'mtls'
  wire?: string
  decrypted?: Record<string, string>
  attacked?: Told[]
  rogue?: InsiderOutcome
  legacy?: number
  shown?: string[]
}

/** One hop, orders → payments, and the client's, as a probe that carries the card 4111 would be seen on them. */
const seen = ({ transport = 'mtls', wire = '\x16\x03\x01', decrypted = {}, ...how }: How = {}): NeedsSeen => {
  const entrance = hopsOf(shop, 'mtls')[0]!
  const observed: ObservedHop = {
    ...{ transport, decrypted: transport === 'mtls', caller: { kind: 'unseen' }, callee: { kind: 'unseen' } },
    believed: { caller: 'spiffe://hop.lab/orders', by: transport === 'mtls' ? 'certificate' : 'header' },
  }
  const recorded: Recorded[] = [
    { id: 1, bytes: { 'to-callee': Buffer.from(wire, 'latin1'), 'to-caller': Buffer.alloc(0) } },
  ]
  const reports = {
    edge: { held: [held('public')], connections: [] },
    orders: { held: [held('orders')], connections: (how.shown ?? []).map(peerKey => ({ peerKey })) },
  }
  return {
    hops: [entrance, hop],
    watched: {
      overheard: {
        canary: { method: 'POST', path: '/orders', body: {}, headers: {}, needles: { card: '4111' } },
        answer: answered,
        raw: link => Buffer.from(link === hop.link.id || link === entrance.link.id ? wire : '', 'latin1'),
        recorded: () => recorded,
        decrypted: (link, names) => Buffer.from(names.map(name => decrypted[`${name} ${link}`] ?? '').join('')),
      },
      seen: {
        topology: shop,
        story: { entry: told('edge'), told: [told('shipping', { status: how.legacy ?? 200 })], reports: {} },
        reports: reports as unknown as NeedsSeen['watched']['seen']['reports'],
        answer: { ...answered, tls: { protocol: 'TLSv1.3', cipher: 'x', resumed: false, peerKey: 'public' } },
      },
      hop: () => observed,
    },
    attacked: { attempt: answered, told: how.attacked ?? [] },
    rogues: new Map([[hop.link.id, how.rogue ?? refusedAs('no-client-certificate')]]),
  }
}

const plaintext = { transport: 'plaintext', wire: 'POST / 4111' } as const
const filtered = told('edge', { failure: { name: 'filtered', code: 'x' } })

test.each<[(typeof needIds)[number], met: How, unmet: How]>([
  ['private-from-outside', {}, plaintext],
  ['private-across-borders', {}, plaintext],
  [
    'private-from-the-edge',
    { decrypted: { 'orders edge:orders': '4111' } },
    { decrypted: { 'edge client:edge': '4111' } },
  ],
  ['callers-proven-into-sensitive', {}, { ...plaintext, rogue: served() }],
  ['callers-proven-everywhere', {}, { ...plaintext, rogue: served() }],
  ['filtered-at-the-edge', { attacked: [filtered] }, { attacked: [told('orders')] }],
  ['legacy-served', {}, { legacy: 502 }],
  ['certificates-in-one-place', {}, { shown: ['orders'] }],
])('%s is judged by what was seen', (id, met, unmet) => {
  expect(needs[id].judge(seen(met))).toMatchObject({ met: true, shown: true })
  expect(needs[id].judge(seen(unmet))).toMatchObject({ met: false, shown: true })
})

test('a caller refused for another reason than its missing certificate shows nothing', () => {
  const judged = judgeNeeds(['callers-proven-everywhere'], seen({ rogue: refusedAs('handshake-timeout') }))
  expect(judged.control.passed).toBe(false)
})

test('an attack that nobody recorded, bytes that nobody can open and a link where nothing passed show nothing', () => {
  expect(needs['filtered-at-the-edge'].judge(seen({ attacked: [] })).shown).toBe(false)
  expect(needs['private-from-the-edge'].judge(seen()).shown).toBe(false)
  expect(needs['private-from-outside'].judge(seen({ wire: '' })).shown).toBe(false)
  expect(needs['private-across-borders'].judge(seen({ wire: '' })).shown).toBe(false)
})

test('all needs met holds, one missing is broken and named, a probe without an answer shows nothing', () => {
  const ids = ['private-across-borders', 'callers-proven-into-sensitive'] as const
  expect(judgeNeeds(ids, seen())).toMatchObject({ verdict: 'holds', control: { passed: true } })
  const broken = judgeNeeds(ids, seen({ rogue: served() }))
  expect(broken).toMatchObject({ verdict: 'broken', control: { passed: true } })
  expect(broken.because).toContain('without a certificate was served on orders:payments')
  const lost = seen()
  lost.watched.overheard.answer = { answered: false, failure: { name: 'connection-closed', code: 'X' } }
  expect(judgeNeeds(ids, lost).control.passed).toBe(false)
})

test('every need is expected to be met in some mode, and the shop’s in two', () => {
  for (const id of needIds)
    expect(modes.filter(mode => needs[id].expected(hopsOf(shop, mode), shop)).length, id).toBeGreaterThan(0)
  const expected = bestFit.expected as (mode: Mode, topology: typeof shop) => string
  expect(modes.filter(mode => expected(mode, shop) === 'holds')).toEqual(['mtls', 'hybrid'])
})

test('a topology that names no situation is left out', () => {
  expect(bestFit.unless?.({ ...shop, situation: undefined })).toMatch(/does not say/)
  expect(bestFit.unless?.(shop)).toBeUndefined()
})
