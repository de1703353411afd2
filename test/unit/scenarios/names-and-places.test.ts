import { expect, test } from 'vitest'
import { judgeTermination } from '../../../scenarios/boundary/who-terminates.ts'
import type { InsiderOutcome } from '../../../scenarios/flows/insider-call.ts'
import type { Overheard } from '../../../scenarios/flows/listen-in.ts'
import { judgeInsider, judgeOutsider } from '../../../scenarios/identity/forged-identity-header.ts'
import { judgeWrongWorkload } from '../../../scenarios/identity/wrong-workload.ts'
import { answered, cut, denied, hop, served, shop } from './outcomes.ts'

const idOf = (name: string) => `spiffe://hop.lab/${name}`
const own = { caller: idOf('inventory'), callerBy: 'certificate' } as const
const believed = served({ caller: idOf('orders'), callerBy: 'header' })
const asHimself = denied(own)

/** The client's bytes as the wire has them, and what the holder of a key makes of them. */
const overheard = (onTheWire: Record<string, string>, opened: Record<string, string>, peerKey = 'k1'): Overheard => ({
  canary: { method: 'POST', path: '/orders', body: {}, headers: {}, needles: { card: '4111' } },
  answer: {
    ...answered,
    tls: { protocol: 'TLSv1.3', cipher: 'x', peerKey, peerNames: 'DNS:shop.hop.lab', resumed: false },
  },
  raw: link => Buffer.from(onTheWire[link] ?? ''),
  recorded: () => [],
  decrypted: (_link, workloads) => Buffer.from(workloads.map(name => opened[name] ?? '').join('')),
})

const held = (kind: 'public' | 'workload', key: string) => ({
  held: [{ kind, name: 'shop.hop.lab', key, serial: '1', notBefore: '', notAfter: '', issuer: '' }],
})
const place = { edge: 'edge', service: 'orders', entrance: 'client:edge' }

test("the customer's TLS ends where the shown key is held, and only if that one can open it", () => {
  const service = { edge: held('workload', 'k0'), orders: held('public', 'k1') }
  const end = (reports: Parameters<typeof judgeTermination>[1], opened: Record<string, string>) =>
    judgeTermination(overheard({}, opened), reports, place)
  expect(end(service, { orders: '4111' })).toMatchObject({ verdict: 'holds', control: { passed: true } })
  const edge = { edge: held('public', 'k1'), orders: held('workload', 'k0') }
  expect(end(edge, { edge: '4111' })).toMatchObject({ verdict: 'broken', control: { passed: true } })
  expect(end({ edge: held('public', 'k1'), orders: held('public', 'k1') }, { edge: '4111' }).verdict).toBe('broken')
  expect(end(service, {}).control.passed).toBe(false)
  expect(end({ orders: held('public', 'other') }, { orders: '4111' }).control.passed).toBe(false)
})

test('a stranger who got through as another is broken, one denied as himself holds, one lost on the way shows nothing', () => {
  const genuine = served()
  const calls = { stranger: 'inventory', beyond: denied({}), genuine }
  const judge = (honest: InsiderOutcome, lying: InsiderOutcome) =>
    judgeWrongWorkload(shop, hop, { ...calls, honest, lying })
  expect(judge(asHimself, asHimself)).toMatchObject({ verdict: 'holds', control: { passed: true } })
  expect(judge(asHimself, believed)).toMatchObject({ verdict: 'broken', control: { passed: true } })
  expect(judge(cut, asHimself).control.passed).toBe(false)
  const wide = judgeWrongWorkload(shop, hop, { ...calls, beyond: genuine, honest: asHimself, lying: asHimself })
  expect(wide.control.passed).toBe(false)
})

test('a stated name that was believed is broken, one passed over for the proven one holds', () => {
  const stated = { stated: idOf('orders'), own: own.caller }
  const judge = (forged: InsiderOutcome, others = asHimself) =>
    judgeInsider(hop, { ...stated, forged, others }, served())
  expect(judge(asHimself)).toMatchObject({ verdict: 'holds', control: { passed: true } })
  expect(judge(believed)).toMatchObject({ verdict: 'broken', control: { passed: true } })
  expect(judge(asHimself, believed).verdict).toBe('broken')
  expect(judge(cut).control.passed).toBe(false)
})

test('what the public states must arrive, be believed by nobody and go no further', () => {
  const entry = { ...served({ callerBy: 'nobody' }).request!, workload: 'edge' }
  const judge = (onTheWire: Record<string, string>, told: typeof entry | undefined) =>
    judgeOutsider(
      {
        overheard: overheard(onTheWire, {}),
        story: { entry: told, told: [], reports: {} },
        ...{ nonce: 'n0nce', entrance: 'client:edge', inner: ['edge:gateway'] },
      },
      Object.keys(shop.workloads),
    )
  expect(judge({ 'client:edge': 'n0nce' }, entry)).toMatchObject({ verdict: 'holds', control: { passed: true } })
  expect(judge({ 'client:edge': 'n0nce', 'edge:gateway': 'n0nce' }, entry).verdict).toBe('broken')
  expect(judge({ 'client:edge': 'n0nce' }, { ...entry, callerBy: 'header' }).verdict).toBe('broken')
  expect(judge({}, entry).control.passed).toBe(false)
})
