import { createHmac, createPublicKey, type JsonWebKey, type KeyObject, sign, X509Certificate } from 'node:crypto'
import { generateKey } from '../../pki/keys.ts'
import type { KeyPair } from '../../services/chassis/tls-options.ts'

/** What a genuine token would look like to somebody who has one and the issuer's public key, and nothing else. */
export type Forgeries = Record<'another-key' | 'no-algorithm' | 'public-key-as-secret', string>

/** The genuine token's words under signatures that are not the issuer's (RFC 8725 §2.1). */
export const forgeTokens = (genuine: string, [issuer]: readonly JsonWebKey[]): Forgeries => {
  const [head = '', payload = ''] = genuine.split('.')
  const header = JSON.parse(Buffer.from(head, 'base64url').toString()) as object
  const under = (alg: string, signature: (text: string) => Buffer): string => {
    const text = `${encoded({ ...header, alg })}.${payload}`
    return `${text}.${signature(text).toString('base64url')}`
  }
  const known = createPublicKey({ key: issuer!, format: 'jwk' }).export({ type: 'spki', format: 'pem' })
  const { privateKey } = generateKey()
  return {
    'another-key': under('ES256', text => es256(text, privateKey)),
    'no-algorithm': under('none', () => Buffer.alloc(0)),
    'public-key-as-secret': under('HS256', text => createHmac('sha256', known).update(text).digest()),
  }
}

/** What an ingress would vouch for a user, in the ingress's name, signed with whatever certificate the forger has. */
export const forgeAssertion = (
  { key, chain }: KeyPair,
  claims: { iss: string; sub: string; aud: string; roles: readonly string[] },
): string => {
  const x5c = (chain.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []).map(pem =>
    new X509Certificate(pem).raw.toString('base64'),
  )
  const iat = Math.floor(Date.now() / 1000)
  const payload = { ...claims, jti: 'forged', iat, exp: iat + 60 }
  const text = `${encoded({ alg: 'ES256', typ: 'user-assertion+jwt', x5c })}.${encoded(payload)}`
  return `${text}.${es256(text, key).toString('base64url')}`
}

const encoded = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url')

const es256 = (text: string, key: KeyObject | string): Buffer =>
  sign('sha256', Buffer.from(text), { key: key as KeyObject, dsaEncoding: 'ieee-p1363' })
