import { expect, test } from 'vitest'
import { judgeAlteration } from '../../../scenarios/boundary/alter-amount.ts'
import { judgeEavesdropping } from '../../../scenarios/boundary/eavesdrop.ts'
import { inconclusive, judged } from '../../../scenarios/cells.ts'
import { judgeTakeOver } from '../../../scenarios/flows/compromised.ts'
import type { InsiderOutcome } from '../../../scenarios/flows/insider-call.ts'
import type { Overheard } from '../../../scenarios/flows/listen-in.ts'
import { judgeRogue } from '../../../scenarios/flows/rogue.ts'
import type { StoodIn } from '../../../scenarios/flows/stand-in.ts'
import { judgeImpostors } from '../../../scenarios/identity/impostor-callee.ts'
import { judgeForgottenCheck } from '../../../scenarios/identity/unverified-callee.ts'
import { hopsOf } from '../../../services/hops.ts'
import { readTopology } from '../../../services/topology/file.ts'

const hop = hopsOf(readTopology('topologies/shop.yaml'), 'mtls').find(({ link }) => link.id === 'orders:payments')!
const about = { scenario: 'x', mode: 'mtls', expected: 'holds', ms: 1 } as const
const answered = { answered: true, status: 201, headers: {}, body: '' } as const
const passed = { passed: true, evidence: [] }

const overheard = (raw: string, opened: Record<string, string>): Overheard => ({
  canary: { method: 'POST', path: '/', body: {}, headers: {}, needles: { card: '4111' } },
  answer: answered,
  raw: () => Buffer.from(raw),
  recorded: () => [],
  decrypted: (_link, workloads) => Buffer.from(workloads.map(name => opened[name] ?? '').join('')),
})

const link = { id: 'orders:payments', data: ['card'] }

test('what stands on the wire is broken, what only its ends can open holds', () => {
  expect(judgeEavesdropping(overheard('card 4111', {}), link, ['payments']).verdict).toBe('broken')
  const hidden = judgeEavesdropping(overheard('\x17\x03\x03', { payments: 'card 4111' }), link, ['payments'])
  expect(hidden).toMatchObject({ verdict: 'holds', control: { passed: true } })
})

test('a value that nobody found, not even its ends, shows nothing', () => {
  const lost = judgeEavesdropping(overheard('\x17\x03\x03', {}), link, ['payments'])
  expect(judged(about, lost)).toMatchObject({ verdict: 'inconclusive', asExpected: false })
})

test('a place that reads nothing holds only while exactly one other place does', () => {
  const place = { workload: 'edge', links: ['client:edge'], entrance: 'client:edge', workloads: ['edge', 'orders'] }
  expect(judgeTakeOver(overheard('', { orders: '4111' }), place)).toMatchObject({
    verdict: 'holds',
    control: { passed: true },
  })
  expect(judgeTakeOver(overheard('', { edge: '4111' }), place).verdict).toBe('broken')
  expect(judgeTakeOver(overheard('', {}), place).control.passed).toBe(false)
})

test('a change that came through is broken, one that was detected holds, one that just failed shows nothing', () => {
  const base = { field: 'amount', control: { passed: true, attempt: answered }, attempt: answered, hits: 1 }
  const failure = (name: string) => ({ name, evidence: { kind: 'failure' as const, title: '', where: '' } })
  expect(judgeAlteration(hop, { ...base, accepted: true, completed: 1 }).verdict).toBe('broken')
  const detected = judgeAlteration(hop, { ...base, accepted: false, completed: 0, failure: failure('tls-record') })
  expect(detected).toMatchObject({ verdict: 'holds', control: { passed: true } })
  for (const other of [
    { ...base, accepted: false, completed: 0, failure: failure('connection-closed') },
    { ...base, accepted: false, completed: 1, failure: failure('tls-record') },
    { ...base, accepted: false, completed: 0 },
    { ...base, accepted: false, completed: 0, failure: failure('tls-record'), hits: 0 },
  ])
    expect(judgeAlteration(hop, other).control.passed).toBe(false)
})

const request = {
  rule: 'orders:payments',
  caller: 'spiffe://hop.lab/orders',
  callerBy: 'header',
} as InsiderOutcome['request']
const served: InsiderOutcome = { attempt: answered, evidence: [], ...(request ? { request } : {}) }
const refusedAs = (name: string): InsiderOutcome => ({
  attempt: { answered: false, failure: { name: 'connection-closed', code: 'ECONNRESET' } },
  evidence: [],
  refusal: { cursor: 1, id: 'c', side: 'server', at: '', failure: { name, code: name } },
})

test('a rogue who was served is broken, one refused for what he is holds, one refused for anything else shows nothing', () => {
  const rogue = { what: 'no certificate', refusedAs: ['no-client-certificate'] } as const
  expect(judgeRogue(hop, rogue, served, served).verdict).toBe('broken')
  const refused = judgeRogue(hop, rogue, refusedAs('no-client-certificate'), served)
  expect(refused).toMatchObject({ verdict: 'holds', control: { passed: true } })
  expect(judgeRogue(hop, rogue, refusedAs('handshake-timeout'), served).control.passed).toBe(false)
  expect(judgeRogue(hop, rogue, refusedAs('no-client-certificate'), refusedAs('revoked')).control.passed).toBe(false)
})

const impostor = (how: Partial<StoodIn>): StoodIn => ({ what: 'x', served: false, due: false, evidence: [], ...how })

test('an impostor who got a request is broken, one refused for another reason shows nothing', () => {
  expect(judgeImpostors('payments', [impostor({ served: true })], passed).verdict).toBe('broken')
  expect(judgeImpostors('payments', [impostor({ due: true })], passed)).toMatchObject({
    verdict: 'holds',
    control: passed,
  })
  expect(judgeImpostors('payments', [impostor({})], passed).control.passed).toBe(false)
})

test('a forgotten check that opens nothing would hold; one the audit does not name shows nothing', () => {
  const audit = [{ who: 'operator', action: 'verify', target: 'orders:payments', detail: { verify: false } }]
  const elsewhere = ['edge:gateway', 'gateway:orders'].map(link => ({ link, stoodIn: impostor({ due: true }) }))
  const runs = { hop, before: impostor({ due: true }), elsewhere, audit, control: passed }
  expect(judgeForgottenCheck({ ...runs, during: impostor({ served: true }) })).toMatchObject({
    ...{ verdict: 'broken', control: { passed: true } },
  })
  expect(judgeForgottenCheck({ ...runs, during: impostor({ due: true }) }).verdict).toBe('holds')
  expect(judgeForgottenCheck({ ...runs, during: impostor({ served: true }), audit: [] }).control.passed).toBe(false)
  const spread = [...elsewhere, { link: 'orders:shipping', stoodIn: impostor({ served: true }) }]
  const during = impostor({ served: true })
  expect(judgeForgottenCheck({ ...runs, during, elsewhere: spread }).control.passed).toBe(false)
  expect(judgeForgottenCheck({ ...runs, during }).because).toContain('on none of the 2 others')
  expect(judgeForgottenCheck({ ...runs, during, elsewhere: [] }).because).not.toContain('others')
})

test('a run that broke off is never a verdict', () => {
  expect(inconclusive(about, new Error('gone'))).toMatchObject({ verdict: 'inconclusive', asExpected: false })
})
