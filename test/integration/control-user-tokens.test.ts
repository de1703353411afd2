import { decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Control } from '../../services/control/control.ts'
import { bearerOf } from '../../services/l7/bearer.ts'
import { connectAll, type FakeWorkload, operatorOf, startControl, temporaryDirectory } from './control-support.ts'

describe('the control plane as issuer of tokens', () => {
  const directory = temporaryDirectory()
  let time = Date.now()
  let control: Control
  let shop: Record<string, FakeWorkload>
  let operator: ReturnType<typeof operatorOf>

  beforeAll(async () => {
    control = await startControl(directory.path, { clock: () => time })
    shop = await connectAll(control)
    operator = operatorOf(control.operatorAddress(), control.operatorToken)
    await operator('PUT', '/api/switches/l7', { value: { payments: { waf: false, rate: null, tokens: true } } })
  })
  afterAll(async () => {
    for (const workload of Object.values(shop)) workload.close()
    await control.close()
    directory.remove()
  })

  const issue = async (body: object = { subject: 'ada', roles: ['support'] }) =>
    (await operator('POST', '/api/tokens', body)).json.token as string
  const jwks = async () => (await operator('GET', '/api/jwks')).json.keys
  const valid = async (token: string) => {
    const { kid } = decodeProtectedHeader(token)
    const key = (await jwks()).find((candidate: { kid: string }) => candidate.kid === kid)
    return (await jwtVerify(token, key, { algorithms: ['ES256'], currentDate: new Date(time) })).payload
  }

  it('signs what was asked for, for the topology unless told otherwise, for an hour', async () => {
    const claims = await valid(await issue())
    expect(claims).toMatchObject({ iss: 'https://control.hop.lab', sub: 'ada', aud: 'shop', roles: ['support'] })
    expect(claims.exp! - claims.iat!).toBe(3600)
    expect(claims.jti).not.toBe(decodeJwt(await issue()).jti)
    const other = await valid(await issue({ subject: 'eve', audience: 'clinic', lifetimeS: 5 }))
    expect(other).toMatchObject({ sub: 'eve', aud: 'clinic', roles: [], exp: other.iat! + 5 })
  })

  it.each([
    ['no user', {}, 'subject'],
    ['a user that is no name', { subject: 'ada\n' }, 'subject'],
    ['a role that is no name', { subject: 'ada', roles: ['a b'] }, 'roles.0'],
    ['a role beyond all measure', { subject: 'ada', roles: ['r'.repeat(65)] }, 'roles.0'],
    ['a life beyond a day', { subject: 'ada', lifetimeS: 86_401 }, 'lifetimeS'],
    ['no life at all', { subject: 'ada', lifetimeS: 0 }, 'lifetimeS'],
    ['a claim of one’s own', { subject: 'ada', admin: true }, 'admin'],
  ])('%s is refused, naming the field', async (_, body, field) => {
    const { status, json } = await operator('POST', '/api/tokens', body)
    expect([status, json.code, json.field]).toEqual([400, 'body-invalid', field])
  })

  it('writes down for whom, and never the token', async () => {
    const token = await issue({ subject: 'grace' })
    const audit = (await operator('GET', '/api/audit?since=0')).text
    expect(audit).toContain('"target":"grace"')
    expect(audit).not.toContain(token.split('.')[1])
  })

  it('shows public halves only, named by their thumbprints, and tells workloads the same ones', async () => {
    const [key] = await jwks()
    expect(Object.keys(key).toSorted()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y'])
    expect(key.kid).toMatch(/^[\w-]{43}$/)
    const desired = await shop.payments!.told(({ l7 }) => l7 !== undefined)
    expect(desired.l7!.tokens).toMatchObject({
      ...{ issuer: 'https://control.hop.lab', audience: 'shop', keys: [key], asserters: ['spiffe://hop.lab/edge'] },
      roles: [{ method: 'POST', path: '/refunds', role: 'support' }],
    })
  })

  it('names whoever meets the public as those to vouch for users, to the end of a rollout both old and new', async () => {
    const since = shop.payments!.seen.length
    await operator('PUT', '/api/mode', { mode: 'passthrough' })
    const told = shop.payments!.seen.slice(since).map(({ l7 }) => l7!.tokens!.asserters.join(' '))
    const [edge, orders] = ['spiffe://hop.lab/edge', 'spiffe://hop.lab/orders']
    expect([...new Set(told)]).toEqual([`${edge} ${orders}`, orders])
    await operator('PUT', '/api/mode', { mode: 'mtls' })
    expect(shop.payments!.seen.at(-1)!.l7!.tokens!.asserters).toEqual([edge])
  })

  it('changes its key: known everywhere before it signs, the old one good until its last token has expired', async () => {
    const before = await issue()
    expect((await operator('POST', '/api/tokens/rotate')).json).toEqual({ acknowledged: true })
    const after = await issue()
    expect(decodeProtectedHeader(after).kid).not.toBe(decodeProtectedHeader(before).kid)
    expect(await jwks()).toHaveLength(2)
    expect(shop.payments!.seen.at(-1)!.l7!.tokens!.keys).toHaveLength(2)
    expect((await valid(before)).sub).toBe('ada')
    expect((await valid(after)).sub).toBe('ada')
    time += 25 * 3600_000
    const { kid } = decodeProtectedHeader(after)
    expect((await jwks()).map((key: { kid: string }) => key.kid)).toEqual([kid])
  })

  it('signs nothing that workloads would not read for its length', async () => {
    const [subject, audience] = ['s'.repeat(128), 'a'.repeat(128)]
    const token = await issue({ subject, audience, roles: new Array(32).fill('r'.repeat(64)) })
    expect(bearerOf(['authorization', `Bearer ${token}`])).toEqual({ token })
  })

  it('keeps its key over a restart', async () => {
    const keys = await jwks()
    const token = await issue()
    for (const workload of Object.values(shop)) workload.close()
    await control.close()
    control = await startControl(directory.path, { clock: () => time })
    operator = operatorOf(control.operatorAddress(), control.operatorToken)
    expect(await jwks()).toEqual(keys)
    expect((await valid(token)).sub).toBe('ada')
  })
})

it('keeps no more old keys than workloads can be told of, and goes on signing with the newest', async () => {
  const directory = temporaryDirectory()
  const control = await startControl(directory.path)
  const { operations } = control
  for (let i = 0; i < 40; i++) await operations.rotateTokenKey()
  const { keys } = operations.jwks()
  const token = await operations.token({ subject: 'ada', roles: [], audience: 'shop', lifetimeS: 5 })
  await control.close()
  directory.remove()
  expect(keys).toHaveLength(32)
  expect(keys.at(-1)!.kid).toBe(decodeProtectedHeader(token).kid)
})
