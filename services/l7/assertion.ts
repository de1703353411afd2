import { X509Certificate } from 'node:crypto'
import { jwtVerify } from 'jose'
import { verifyChain } from '../../pki/chain.ts'
import { readSvid } from '../../pki/svid.ts'
import type { Credentials } from '../chassis/credentials.ts'
import { type Claims, claimsOf } from './token-verifier.ts'

/** What an ingress vouches for users, and the check of it. The key stays with the credentials. */
export type Assertions = {
  /** A compact JWS about this user for about a minute, or undefined where this workload is none of `asserters`. */
  make(user: Claims, requestId: string, asserters: readonly string[]): string | undefined
  /** What a genuine one says; undefined for any other. */
  check(assertion: string, asserters: readonly string[]): Promise<Claims | undefined>
}

type Options = {
  credentials: Pick<Credentials, 'id' | 'proof' | 'trust' | 'generation'>
  trustDomain: string
  clock: () => number
  /** Certificate serials, lower-case hex, that were revoked. */
  revoked: (serial: string) => boolean
}

const lifetimeS = 60
const toleranceS = 5
const longest = 8192
const remembered = 100

/** Signed with the workload's own SVID key, ES256; the header's x5c (RFC 7515 §4.1.6) shows whose key that is. */
export const createAssertions = ({ credentials, trustDomain, clock, revoked }: Options): Assertions => {
  let header = { chain: '', text: '' }
  const headerOf = (chain: string): string => {
    if (header.chain !== chain) header = { chain, text: encoded({ alg: 'ES256', typ, x5c: derOf(chain) }) }
    return header.text
  }
  const judged = new Map<string, X509Certificate>()
  let generation = -1

  /** The certificate whose key signed, if its chain holds; chains that held are remembered while trust stands. */
  const signer = (x5c: readonly string[]): X509Certificate => {
    if (generation !== credentials.generation()) judged.clear()
    generation = credentials.generation()
    const name = x5c.join(' ')
    const chain = x5c.map(text => Buffer.from(text, 'base64'))
    const known = judged.get(name)
    const leaf = known ?? verifyChain(chain, credentials.trust().bundle, clock())
    if (judged.size >= remembered) judged.clear()
    judged.set(name, leaf)
    return leaf
  }

  return {
    make({ subject, roles }, requestId, asserters) {
      const iss = credentials.id()
      if (iss === undefined || !asserters.includes(iss)) return undefined
      const iat = Math.floor(clock() / 1000)
      const payload = { iss, sub: subject, aud: trustDomain, iat, exp: iat + lifetimeS, jti: requestId, roles }
      const { chain, sign } = credentials.proof()
      const text = `${headerOf(chain)}.${encoded(payload)}`
      return `${text}.${sign(Buffer.from(text)).toString('base64url')}`
    },
    async check(assertion, asserters) {
      if (assertion.length > longest) return undefined
      try {
        let svid: ReturnType<typeof readSvid> | undefined
        const { payload } = await jwtVerify(
          assertion,
          ({ x5c = [] }) => {
            const leaf = signer(x5c)
            svid = readSvid(leaf)
            return leaf.publicKey
          },
          {
            algorithms: ['ES256'],
            typ,
            audience: trustDomain,
            requiredClaims: ['exp', 'iat', 'jti', 'iss'],
            maxTokenAge: lifetimeS,
            clockTolerance: toleranceS,
            currentDate: new Date(clock()),
          },
        )
        const { id, serial, notAfter } = svid!
        if (!asserters.includes(id) || payload.iss !== id || revoked(serial) || clock() > notAfter) return undefined
        return claimsOf(payload)
      } catch {
        return undefined
      }
    },
  }
}

const typ = 'user-assertion+jwt'

const encoded = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url')

/** The certificates of a PEM chain as x5c has them: DER in base64. */
const derOf = (chain: string): string[] =>
  (chain.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []).map(pem =>
    new X509Certificate(pem).raw.toString('base64'),
  )
