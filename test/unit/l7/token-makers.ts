import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import type { L7Policy, TokenPolicy } from '../../../services/chassis/desired.ts'
import type { Request, RequestContext } from '../../../services/chassis/program.ts'
import type { Assertions } from '../../../services/l7/assertion.ts'
import { createTokenCheck } from '../../../services/l7/tokens.ts'

/** Noon of some day, in ms. */
export const now = Date.UTC(2030, 0, 1, 12)
const seconds = now / 1000

export const issuer = generateKeyPairSync('ec', { namedCurve: 'P-256' })
export const other = generateKeyPairSync('ec', { namedCurve: 'P-256' })
export const edwards = generateKeyPairSync('ed25519')

/** A set with a second key of another algorithm, as sets of real issuers have. */
export const policy: TokenPolicy = {
  issuer: 'https://id.test',
  audience: 'shop',
  keys: [
    { ...issuer.publicKey.export({ format: 'jwk' }), kid: 'one', alg: 'ES256', use: 'sig' },
    { ...edwards.publicKey.export({ format: 'jwk' }), kid: 'two', use: 'sig' },
  ],
  roles: [{ method: 'POST', path: '/refunds', role: 'support' }],
  asserters: ['spiffe://test.lab/edge'],
}

export const payload = {
  ...{ iss: 'https://id.test', sub: 'ada', aud: 'shop', jti: '1', roles: ['support'] },
  ...{ iat: seconds, exp: seconds + 600 },
}

export const header = { alg: 'ES256', typ: 'at+jwt', kid: 'one' }

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')

/** A JWT with these changes, signed for ES256 unless `how` does it otherwise. */
export const token = (
  changes: { header?: object; payload?: object; key?: KeyObject } = {},
  how = (text: string): Buffer =>
    sign('sha256', Buffer.from(text), { key: changes.key ?? issuer.privateKey, dsaEncoding: 'ieee-p1363' }),
): string => {
  const text = `${part({ ...header, ...changes.header })}.${part({ ...payload, ...changes.payload })}`
  return `${text}.${how(text).toString('base64url')}`
}

/** HMAC under the issuer's public key, which everybody has: RFC 8725 §2.1. */
export const hmacByPublicKey = (text: string): Buffer =>
  createHmac('sha256', issuer.publicKey.export({ type: 'spki', format: 'pem' }))
    .update(text)
    .digest()

/** Vouches for nobody, takes nobody's word. */
export const noAssertions: Assertions = { make: () => undefined, check: async () => undefined }

/** Asks a check once; answers the refusal and the context it left. */
export const asked = async (
  authorization: string | readonly string[] | undefined,
  options: {
    check?: ReturnType<typeof createTokenCheck>
    context?: Partial<RequestContext>
    method?: string
    url?: string
    tokens?: TokenPolicy | null
  } = {},
) => {
  const lines = authorization === undefined ? [] : [authorization].flat()
  const request = {
    method: options.method ?? 'POST',
    url: options.url ?? '/orders',
    rawHeaders: ['host', 'x', ...lines.flatMap(line => ['Authorization', line])],
  } as Request
  const context = { requestId: 'r', ingress: false, ...options.context } as RequestContext
  const tokens = options.tokens === undefined ? policy : options.tokens
  const check = options.check ?? createTokenCheck(noAssertions, () => now)
  const refusal = await check(request, context, { waf: false, rate: null, tokens } as L7Policy)
  return { refusal, context }
}
