import { describe, expect, test } from 'vitest'
import type { Peer } from '../../../services/chassis/observation.ts'
import { anyone, decide, identify, matches } from '../../../services/chassis/policy.ts'
import type { Transport } from '../../../services/chassis/transport.ts'
import { letIn } from './workloads.ts'

const gateway = 'spiffe://hop.lab/gateway'
const rule = letIn(gateway, { link: 'gateway:orders', transports: ['mtls'], methods: ['POST'], paths: ['/orders'] })
const question = { caller: gateway, transport: 'mtls' as Transport, method: 'POST', path: '/orders' }

describe('decide', () => {
  test('denies where there is no rule', () => {
    expect(decide([], question)).toEqual({ allowed: false, because: `no rule lets ${gateway} in` })
    expect(decide([], { ...question, caller: undefined })).toMatchObject({ allowed: false })
  })

  test('a rule that denies goes before every rule that allows, for the one it names', () => {
    const never = { ...letIn(gateway, { link: 'deny-by-name', methods: ['POST'], paths: ['/*'] }), deny: true as const }
    expect(decide([rule, never], question)).toEqual({ allowed: false, because: `rule deny-by-name denies ${gateway}` })
    const other = { ...never, from: 'spiffe://hop.lab/inventory' }
    expect(decide([rule, other], question)).toMatchObject({ allowed: true })
  })

  test('a rule that denies allows nobody, and whoever has no name is on no list', () => {
    const never = { ...rule, deny: true as const }
    expect(decide([never], { ...question, caller: undefined })).toMatchObject({ allowed: false })
    const all = letIn(anyone, { link: 'deny-by-name', transports: ['mtls'], methods: ['POST'], paths: ['/*'] })
    expect(decide([never, all], { ...question, caller: undefined })).toMatchObject({ allowed: true })
    expect(decide([never, all], question)).toMatchObject({ allowed: false })
  })

  test('allows by the rule it names', () => {
    expect(decide([rule], question)).toMatchObject({ allowed: true, rule: { link: 'gateway:orders' } })
  })

  test.each([
    ['another caller', { caller: 'spiffe://hop.lab/payments' }, 'no rule lets spiffe://hop.lab/payments in'],
    ['nobody', { caller: undefined }, 'no rule lets an unnamed caller in'],
    ['a caller named as the word for everybody', { caller: 'Anyone' }, 'no rule lets Anyone in'],
    ['a transport not in the rule', { transport: 'tls' as Transport }, 'rule gateway:orders does not admit tls'],
    ['no transport at all', { transport: 'plaintext' as Transport }, 'rule gateway:orders does not admit plaintext'],
    ['another method', { method: 'DELETE' }, 'rule gateway:orders does not allow DELETE on this path'],
    ['the method in another case', { method: 'post' }, 'rule gateway:orders does not allow post on this path'],
    ['another path', { path: '/orders/1' }, 'rule gateway:orders does not allow POST on this path'],
    ['a longer path', { path: '/orders2' }, 'rule gateway:orders does not allow POST on this path'],
    ['the path in another case', { path: '/Orders' }, 'rule gateway:orders does not allow POST on this path'],
    ['a slash more', { path: '/orders/' }, 'rule gateway:orders does not allow POST on this path'],
  ])('denies %s and says why', (_, change, because) => {
    expect(decide([rule], { ...question, ...change })).toEqual({ allowed: false, because })
  })

  test('a rule for anyone takes the unnamed, by its own transports, methods and paths only', () => {
    const open = letIn(anyone, { link: 'client:edge', transports: ['tls'], methods: ['GET'], paths: ['/orders/*'] })
    const asked = { caller: undefined, transport: 'tls' as Transport, method: 'GET', path: '/orders/1' }
    expect(decide([open], asked)).toMatchObject({ allowed: true, rule: { link: 'client:edge' } })
    expect(decide([open], { ...asked, transport: 'plaintext' })).toMatchObject({ allowed: false })
    expect(decide([open], { ...asked, method: 'POST' })).toMatchObject({ allowed: false })
  })

  test('a later rule may allow what an earlier one does not', () => {
    expect(decide([{ ...rule, link: 'old', methods: ['GET'] }, rule], question)).toMatchObject({
      rule: { link: 'gateway:orders' },
    })
  })
})

describe('paths', () => {
  const admin = { methods: ['GET'], paths: ['/orders/*', '/health'] }
  test.each(['/orders/1', '/orders/1/items', '/orders/a.b', '/orders/...', '/orders/%20', '/health'])(
    '%s matches',
    path => {
      expect(matches(admin, 'GET', path)).toBe(true)
    },
  )

  test.each([
    ...['/orders', '/orders/', '/orders2/1', '/health/', '/', '', 'orders/1', '*'],
    ...['/orders/../admin', '/orders/..', '/orders/./1', '/orders/.', '/./health', '/../health'],
    ...['/orders/%2e%2e/admin', '/orders/%2E%2E', '/orders/.%2e/admin', '/orders/%2e./admin', '/orders/%2e'],
    ...['/orders/..%2fadmin', '/orders/1%2F..%2Fadmin', '/orders/..%5cadmin', '/orders/..\\admin', '/orders//admin'],
    ...['//orders/1', '/orders/%00', '/orders/1%00.json'],
  ])('%j does not', path => {
    expect(matches(admin, 'GET', path)).toBe(false)
  })
})

describe('identify', () => {
  const proven: Peer = { kind: 'authenticated', id: gateway, serial: '01', notAfter: '2030-01-01T00:00:00Z' }
  const nobody: Peer = { kind: 'anonymous', because: 'no-certificate' }
  const payments = 'spiffe://hop.lab/payments'

  test('takes a proven name over a stated one', () => {
    expect(identify(proven, 'mtls', payments)).toEqual({ caller: gateway, callerBy: 'certificate' })
  })

  test('believes a stated name only where the transport proves nothing', () => {
    expect(identify(nobody, 'plaintext', payments)).toEqual({ caller: payments, callerBy: 'header' })
    expect(identify(nobody, 'tls', payments)).toEqual({ caller: payments, callerBy: 'header' })
    expect(identify(nobody, 'mtls', payments)).toEqual({ caller: undefined, callerBy: 'nobody' })
  })

  test.each([
    ...['', 'payments', 'anyone', 'spiffe://hop.lab', 'spiffe://hop.lab/', 'https://hop.lab/payments'],
    ...[`${payments}\u009b31m`, `${payments} `, `${payments}\t`, `${payments}/../edge?x`, `${payments}é`],
    `spiffe://hop.lab/${'x'.repeat(10_000)}`,
  ])('does not take %j for a name', stated => {
    expect(identify(nobody, 'plaintext', stated)).toEqual({ caller: undefined, callerBy: 'nobody' })
  })
})
