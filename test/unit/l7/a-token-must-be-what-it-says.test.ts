import { sign } from 'node:crypto'
import { expect, test } from 'vitest'
import { createTokenVerifier } from '../../../services/l7/token-verifier.ts'
import { createTokenCheck, roleFor } from '../../../services/l7/tokens.ts'
import { asked, edwards, hmacByPublicKey, noAssertions, now, other, payload, policy, token } from './token-makers.ts'

const { exp: _, ...timeless } = payload
const later = now / 1000 + 60

test.each([
  ['no token', undefined, 'token-missing'],
  ['another scheme', 'Basic YWRhOmFkYQ==', 'token-missing'],
  ['a scheme without a token', 'Bearer', 'token-malformed'],
  ['something that is no token', 'Bearer abc', 'token-malformed'],
  ['two tokens', [`Bearer ${token()}`, `Bearer ${token()}`], 'token-malformed'],
  ['a token longer than any of ours', `Bearer ${'a'.repeat(5000)}.a.a`, 'token-malformed'],
  ['a header that is not JSON', 'Bearer YQ.YQ.YQ', 'token-malformed'],
  ['a token signed by somebody else', `Bearer ${token({ key: other.privateKey })}`, 'token-forged'],
  ['a payload that was changed', `Bearer ${swapped()}`, 'token-forged'],
  ['algorithm none', `Bearer ${token({ header: { alg: 'none' } }, () => Buffer.alloc(0))}`, 'token-forged'],
  ['HS256 under our public key', `Bearer ${token({ header: { alg: 'HS256' } }, hmacByPublicKey)}`, 'token-forged'],
  ['a key nobody knows', `Bearer ${token({ header: { kid: 'three' } })}`, 'token-forged'],
  ['a key of the set under another algorithm than ES256', `Bearer ${signedByEdwards()}`, 'token-forged'],
  ['a key it brings along', `Bearer ${bringsItsKey()}`, 'token-forged'],
  ['a token of another kind', `Bearer ${token({ header: { typ: 'JWT' } })}`, 'token-malformed'],
  ['an extension nobody here knows', `Bearer ${token({ header: { crit: ['x'], x: 1 } })}`, 'token-malformed'],
  ['another issuer', `Bearer ${token({ payload: { iss: 'https://evil.test' } })}`, 'token-wrong-issuer'],
  ['another audience', `Bearer ${token({ payload: { aud: 'clinic' } })}`, 'token-wrong-audience'],
  ['an expired token', `Bearer ${token({ payload: { exp: now / 1000 - 6 } })}`, 'token-expired'],
  ['a token from the future', `Bearer ${token({ payload: { nbf: later } })}`, 'token-not-yet-valid'],
  ['a token that never expires', `Bearer ${token({ payload: { exp: undefined } })}`, 'token-malformed'],
  ['a token without a user', `Bearer ${token({ payload: { sub: undefined } })}`, 'token-malformed'],
  ['a user whose name is a line of a log', `Bearer ${token({ payload: { sub: 'ada\n{"x":1}' } })}`, 'token-malformed'],
  ['roles that are no list', `Bearer ${token({ payload: { roles: 'support' } })}`, 'token-malformed'],
])('%s is refused by its name', async (_, authorization, name) => {
  const { refusal, context } = await asked(authorization)
  expect(refusal).toMatchObject({ status: 401, name })
  expect(context.user).toBeUndefined()
  const [header, challenge] = refusal!.headers!
  expect(header).toBe('www-authenticate')
  expect(challenge).toMatch(
    name === 'token-missing' ? /^Bearer realm="shop"$/ : /^Bearer realm="shop", error="invalid_token"/,
  )
})

test('a good token is let through, and says who the user is', async () => {
  for (const scheme of ['Bearer', 'bearer', 'BEARER']) {
    const { refusal, context } = await asked(`${scheme} ${token()}`)
    expect(refusal).toBeUndefined()
    expect(context.user).toEqual({ subject: 'ada', roles: ['support'], by: 'token' })
  }
  expect((await asked(`Bearer ${token({ payload: { exp: now / 1000 - 4 } })}`)).refusal).toBeUndefined()
})

test('where no tokens are asked for, none is looked at', async () => {
  expect(await asked('Bearer abc', { tokens: null })).toMatchObject({ refusal: undefined })
})

test('a refusal repeats nothing of the token', async () => {
  const bad = token({ payload: { sub: 'a-name-nobody-else-has', aud: 'clinic' } })
  const { refusal } = await asked(`Bearer ${bad}`)
  const said = JSON.stringify(refusal)
  for (const piece of [...bad.split('.'), 'a-name-nobody-else-has', 'clinic']) expect(said).not.toContain(piece)
})

test('a token that comes again costs no signature, until it expires', async () => {
  let time = now
  const verifier = createTokenVerifier(policy, () => time)
  const good = token()
  for (let i = 0; i < 5; i++) expect((await verifier.verify(good)).claims?.subject).toBe('ada')
  expect(verifier.checked()).toBe(1)
  time += 606_000
  expect((await verifier.verify(good)).failure).toBe('token-expired')
  expect((await verifier.verify(token({ key: other.privateKey }))).failure).toBe('token-forged')
})

test('another policy remembers nothing of the one before', async () => {
  const check = createTokenCheck(noAssertions, () => now)
  const authorization = `Bearer ${token()}`
  expect((await asked(authorization, { check })).refusal).toBeUndefined()
  const moved = { ...policy, audience: 'clinic' }
  expect((await asked(authorization, { check, tokens: moved })).refusal?.name).toBe('token-wrong-audience')
})

test('a request that needs a role is refused to users without it, and to nobody else', async () => {
  const plain = `Bearer ${token({ payload: { roles: [] } })}`
  const { refusal } = await asked(plain, { url: '/refunds' })
  expect(refusal).toMatchObject({ status: 403, name: 'role-missing' })
  expect(refusal!.headers![1]).toMatch(/error="insufficient_scope".*scope="support"$/)
  expect((await asked(plain, { url: '/orders' })).refusal).toBeUndefined()
  expect((await asked(`Bearer ${token()}`, { url: '/refunds' })).refusal).toBeUndefined()
})

test.each(['/refunds', '/refunds?x=1', '/refunds#x', '/%72efunds', '/refund%73?y'])(
  'a role is needed for %s as a router reads it',
  url => {
    expect(roleFor(policy.roles, { method: 'POST', url })).toBe('support')
    expect(roleFor(policy.roles, { method: 'GET', url })).toBeUndefined()
  },
)

test('HEAD needs what GET needs', () => {
  const roles = [{ method: 'GET', path: '/orders/*', role: 'reader' }]
  expect(roleFor(roles, { method: 'HEAD', url: '/orders/1' })).toBe('reader')
})

test('the first rule that matches counts', () => {
  const roles = [
    { method: 'GET', path: '/orders/mine', role: 'customer' },
    { method: 'GET', path: '/orders/*', role: 'support' },
  ]
  expect(roleFor(roles, { method: 'GET', url: '/orders/mine' })).toBe('customer')
  expect(roleFor(roles, { method: 'GET', url: '/orders/1' })).toBe('support')
})

function swapped(): string {
  const [head, , signature] = token().split('.')
  return [
    head,
    Buffer.from(JSON.stringify({ ...timeless, exp: later, sub: 'eve' })).toString('base64url'),
    signature,
  ].join('.')
}

function signedByEdwards(): string {
  return token({ header: { alg: 'EdDSA', kid: 'two' } }, text => sign(null, Buffer.from(text), edwards.privateKey))
}

function bringsItsKey(): string {
  const jwk = other.publicKey.export({ format: 'jwk' })
  return token({ header: { jwk, kid: undefined }, key: other.privateKey })
}
