import { expect, test } from 'vitest'
import type { Edge, ObservedEdge } from '../../../scenarios/edges/edges.ts'
import { type Drawn, judgeEdge } from '../../../scenarios/observing/who-calls-whom.ts'

const ids = { caller: 'spiffe://hop.lab/orders', callee: 'spiffe://hop.lab/payments' }
const observed = (more: Partial<ObservedEdge> = {}): ObservedEdge => ({
  ...{ connections: 1, refused: 0, refusedBecause: [], requests: 1, reused: 0, resumed: 0, lastSeen: '', because: [] },
  ...{ transports: ['mtls'], protocols: ['TLSv1.3'], ciphers: [], keyExchanges: [] },
  callerSeen: [{ kind: 'authenticated', id: ids.caller }],
  calleeSeen: [{ kind: 'authenticated', id: ids.callee }],
  ...more,
})
const edge = (more: Partial<ObservedEdge> = {}): Edge => ({
  ...{ link: 'orders:payments', caller: 'orders', callee: 'payments', unknown: false, intended: 'mtls', differs: [] },
  observed: observed(more),
})
const stranger = (requests: number): Edge => ({
  ...{ link: '127.9.9.9:payments', caller: '127.9.9.9', callee: 'payments', unknown: true, differs: ['nobody'] },
  observed: observed({ requests, connections: requests, refused: 1 - requests }),
})
const base: Drawn = { id: 'orders:payments', ids, edge: edge(), stranger: stranger(0), wire: 'tls' }
const judge = (how: Partial<Drawn>) => judgeEdge({ ...base, ...how })
const nobody = { kind: 'anonymous' as const, because: 'plaintext' as const }

test('both ends proven, and a stranger turned away beside them, holds', () => {
  expect(judge({})).toMatchObject({ verdict: 'holds', control: { passed: true } })
})

test('a caller or callee that is nobody is broken, with the reason', () => {
  const plain = edge({ transports: ['plaintext'], callerSeen: [nobody], calleeSeen: [nobody], because: ['plaintext'] })
  expect(judge({ edge: plain, stranger: stranger(1), wire: 'plaintext' })).toMatchObject({
    ...{ verdict: 'broken', because: expect.stringContaining('plaintext'), control: { passed: true } },
  })
  expect(judge({ edge: edge({ transports: ['tls'], callerSeen: [nobody] }), stranger: stranger(1) }).verdict).toBe(
    'broken',
  )
})

test('somebody else’s proof is none', () => {
  const other = [{ kind: 'authenticated' as const, id: 'spiffe://hop.lab/inventory' }]
  for (const how of [{ callerSeen: other }, { calleeSeen: other }, { callerSeen: [...observed().callerSeen, nobody] }])
    expect(judge({ edge: edge(how) }).verdict).toBe('broken')
})

test.each<[string, Partial<Drawn>]>([
  ['without a request', { edge: edge({ requests: 0 }) }],
  ['that the wire contradicts', { wire: 'plaintext' }],
  ['that is not on the map', { edge: undefined }],
  ['without the stranger', { stranger: undefined }],
  ['whose stranger passes for a workload', { stranger: { ...stranger(0), unknown: false } }],
  ['under mutual TLS whose stranger was served', { stranger: stranger(1) }],
])('an edge %s shows nothing', (_, how) => {
  expect(judge(how).control.passed).toBe(false)
})
