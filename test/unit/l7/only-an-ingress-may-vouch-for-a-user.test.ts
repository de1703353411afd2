import { createPrivateKey, sign, X509Certificate } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { profileList } from '../../../pki/profile-table.ts'
import type { KeyPair } from '../../../services/chassis/tls-options.ts'
import { createAssertions } from '../../../services/l7/assertion.ts'
import { createTokenCheck } from '../../../services/l7/tokens.ts'
import { createMesh, idOf } from '../chassis/mesh.ts'
import { asked, policy, token, now as tokenTime } from './token-makers.ts'

const mesh = createMesh()
const asserters = [idOf('edge')]
const ada = { subject: 'ada', roles: ['support'] }

const assertionsOf = (
  workload: string,
  options: { clock?: () => number; revoked?: (serial: string) => boolean } = {},
) =>
  createAssertions({
    credentials: mesh.credentials(workload),
    trustDomain: 'hop.lab',
    clock: options.clock ?? Date.now,
    revoked: options.revoked ?? (() => false),
  })
const edge = assertionsOf('edge')
const orders = assertionsOf('orders')

/** An assertion as an attacker with this certificate and key would write it. */
const forge = ({ key, chain }: KeyPair, changes: { header?: object; payload?: object } = {}): string => {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const x5c = chain
    .split(/(?<=-----END CERTIFICATE-----)\s*/)
    .filter(pem => pem.includes('BEGIN'))
    .map(pem => new X509Certificate(pem).raw.toString('base64'))
  const iat = Math.floor(Date.now() / 1000)
  const payload = { iss: idOf('edge'), sub: 'ada', aud: 'hop.lab', jti: 'r', roles: ['support'], iat, exp: iat + 60 }
  const header = { alg: 'ES256', typ: 'user-assertion+jwt', x5c, ...changes.header }
  const text = `${part(header)}.${part({ ...payload, ...changes.payload })}`
  const signature = sign('sha256', Buffer.from(text), { key: createPrivateKey(key), dsaEncoding: 'ieee-p1363' })
  return `${text}.${signature.toString('base64url')}`
}

describe('an assertion', () => {
  test("of an ingress is taken as the user's proof, over and over", async () => {
    const assertion = edge.make(ada, 'r1', asserters)!
    expect(assertion.length).toBeLessThan(4096)
    for (let i = 0; i < 3; i++) expect(await orders.check(assertion, asserters)).toEqual(ada)
    expect(await orders.check(forge(mesh.mint('edge')), asserters)).toEqual(ada)
  })

  test('is made by an ingress only, and believed of nobody else', async () => {
    expect(orders.make(ada, 'r1', asserters)).toBeUndefined()
    expect(
      await orders.check(assertionsOf('inventory').make(ada, 'r1', [idOf('inventory')])!, asserters),
    ).toBeUndefined()
    expect(await orders.check(forge(mesh.mint('inventory')), asserters)).toBeUndefined()
    const named = forge(mesh.mint('inventory'), { payload: { iss: idOf('inventory') } })
    expect(await orders.check(named, asserters)).toBeUndefined()
    expect(await orders.check(forge(createMesh().mint('edge')), asserters)).toBeUndefined()
  })

  test.each([
    ['for another trust domain', { payload: { aud: 'clinic.hop.lab' } }],
    ['that has expired', { payload: { exp: 1 } }],
    ['that was to live for ever', { payload: { iat: 1, exp: 9_999_999_999 } }],
    ['in the name of another than its signer', { payload: { iss: idOf('orders') } }],
    ['of another kind', { header: { typ: 'at+jwt' } }],
    ['under no algorithm', { header: { alg: 'none' } }],
    ['without a certificate', { header: { x5c: undefined } }],
    ['with something for a certificate', { header: { x5c: 'AAAA' } }],
    ['with far too many certificates', { header: { x5c: Array.from({ length: 50 }, () => 'AAAA') } }],
    ['about a user whose name a log would obey', { payload: { sub: 'ada\r\nx' } }],
  ])('%s is not believed', async (_, changes) => {
    expect(await orders.check(forge(mesh.mint('edge'), changes), asserters)).toBeUndefined()
  })

  test.each(['', 'a', 'a.b.c', '...', `${'a'.repeat(9000)}.b.c`])('that is none is not believed (%#)', async text => {
    expect(await orders.check(text, asserters)).toBeUndefined()
  })

  test('lives for a minute', async () => {
    const assertion = edge.make(ada, 'r1', asserters)!
    const at = (ms: number) => assertionsOf('orders', { clock: () => Date.now() + ms }).check(assertion, asserters)
    expect(await at(55_000)).toEqual(ada)
    expect(await at(70_000)).toBeUndefined()
  })

  test('of a revoked certificate is not believed', async () => {
    const serials: string[] = []
    const wary = assertionsOf('orders', { revoked: serial => serials.push(serial) > 0 })
    expect(await wary.check(edge.make(ada, 'r1', asserters)!, asserters)).toBeUndefined()
    expect(serials).toHaveLength(1)
  })

  const forged = profileList.filter(({ refused }) => refused.by !== 'nobody')
  test.each(forged.map(({ name }) => name))('under a certificate of the kind %s is not believed', async name => {
    const pair = mesh.mint('edge', [name])
    const text = (() => {
      try {
        return forge(pair)
      } catch {
        return ''
      }
    })()
    expect(await orders.check(text, asserters)).toBeUndefined()
  })
})

describe('the check of tokens', () => {
  const at = (assertions: ReturnType<typeof assertionsOf>) => createTokenCheck(assertions, () => tokenTime)
  const tokens = { ...policy, asserters }

  test('gives its word where the public enters, and nowhere else', async () => {
    const entering = await asked(`Bearer ${token()}`, { check: at(edge), tokens, context: { ingress: true } })
    expect(entering.context.assertion).toBeDefined()
    const inside = await asked(`Bearer ${token()}`, { check: at(edge), tokens })
    expect(inside.context.assertion).toBeUndefined()
  })

  test('takes the word of an ingress further in, roles too, without any token', async () => {
    const assertion = edge.make(ada, 'r1', asserters)!
    const check = createTokenCheck(orders, Date.now)
    const refund = { check, tokens, url: '/refunds' }
    const { refusal, context } = await asked(undefined, { ...refund, context: { assertion } })
    expect(refusal).toBeUndefined()
    expect(context.user).toEqual({ ...ada, by: 'assertion' })
    const plain = edge.make({ ...ada, roles: [] }, 'r1', asserters)!
    expect((await asked(undefined, { ...refund, context: { assertion: plain } })).refusal?.name).toBe('role-missing')
  })

  test('refuses a forged word even beside a good token, and hears none from the public', async () => {
    const assertion = forge(mesh.mint('inventory'))
    const beside = await asked(`Bearer ${token()}`, { check: at(orders), tokens, context: { assertion } })
    expect(beside.refusal).toMatchObject({ status: 401, name: 'assertion-forged' })
    const genuine = edge.make(ada, 'r1', asserters)!
    const outside = await asked(undefined, { check: at(edge), tokens, context: { assertion: genuine, ingress: true } })
    expect(outside.refusal?.name).toBe('token-missing')
  })
})
