import { createHash } from 'node:crypto'
import { createLocalJWKSet, errors, type JSONWebKeySet, jwtVerify } from 'jose'
import type { TokenPolicy } from '../chassis/desired.ts'
import type { TokenFailure } from './token-refusal.ts'

/** What a valid token says of its user. */
export type Claims = { subject: string; roles: readonly string[] }

export type Verified = { claims: Claims; failure?: undefined } | { claims?: undefined; failure: TokenFailure }

/** Checks tokens against one policy. */
export type TokenVerifier = {
  verify(token: string): Promise<Verified>
  /** Signatures checked so far: a token that comes again costs none. */
  checked(): number
}

/** Clocks differ: so many seconds too late or too early do not matter. */
const toleranceS = 5
const remembered = 1000

/**
 * RFC 7519 and 8725: ES256 and nothing else whatever the token's header asks for, our issuer, our audience, a time that is
 * now, and the type of an access token (RFC 9068 §2.1). Good tokens are remembered by their hash until they expire.
 */
export const createTokenVerifier = (policy: TokenPolicy, clock: () => number): TokenVerifier => {
  const keys = createLocalJWKSet({ keys: policy.keys } as unknown as JSONWebKeySet)
  const known = new Map<string, { claims: Claims; expires: number }>()
  let checked = 0

  const read = async (token: string): Promise<{ claims: Claims; expires: number }> => {
    checked++
    const { payload } = await jwtVerify(token, keys, {
      algorithms: ['ES256'],
      typ: 'at+jwt',
      issuer: policy.issuer,
      audience: policy.audience,
      requiredClaims: ['exp', 'iat', 'jti', 'sub'],
      clockTolerance: toleranceS,
      currentDate: new Date(clock()),
    })
    return { claims: claimsOf(payload), expires: (payload.exp! + toleranceS) * 1000 }
  }

  return {
    checked: () => checked,
    async verify(token) {
      const hash = createHash('sha256').update(token).digest('base64')
      const again = known.get(hash)
      if (again && clock() < again.expires) return { claims: again.claims }
      known.delete(hash)
      try {
        const good = await read(token)
        known.set(hash, good)
        if (known.size > remembered) known.delete(known.keys().next().value!)
        return { claims: good.claims }
      } catch (error) {
        return { failure: failureOf(error) }
      }
    },
  }
}

/** Subject and roles end up in records and headers: bounded, and nothing in them that a log or header would obey. */
export const claimsOf = ({ sub, roles = [] }: { sub?: string | undefined; roles?: unknown }): Claims => {
  if (typeof sub !== 'string' || !name.test(sub)) throw new errors.JWTInvalid('sub')
  if (!Array.isArray(roles) || roles.length > 32) throw new errors.JWTInvalid('roles')
  if (!roles.every(role => typeof role === 'string' && name.test(role))) throw new errors.JWTInvalid('roles')
  return { subject: sub, roles }
}

const name = /^[\w.@:+-]{1,128}$/

const failureOf = (error: unknown): TokenFailure => {
  if (error instanceof errors.JWTExpired) return 'token-expired'
  if (error instanceof errors.JWTClaimValidationFailed) return byClaim[error.claim] ?? 'token-malformed'
  if (forged.some(kind => error instanceof kind)) return 'token-forged'
  return 'token-malformed'
}

const byClaim: Record<string, TokenFailure> = {
  aud: 'token-wrong-audience',
  iss: 'token-wrong-issuer',
  nbf: 'token-not-yet-valid',
}

const forged = [
  errors.JWSSignatureVerificationFailed,
  errors.JOSEAlgNotAllowed,
  errors.JWKSNoMatchingKey,
  errors.JWKSMultipleMatchingKeys,
]
