import { createHash, createPrivateKey, type JsonWebKey, randomUUID } from 'node:crypto'
import { SignJWT } from 'jose'
import * as v from 'valibot'
import { generateKey } from '../../../pki/keys.ts'
import type { TokenPolicy } from '../../chassis/desired.ts'
import type { TokenKeys } from '../rollout/publisher.ts'
import type { Intent } from '../state/intent.ts'

/** What a token is to say. */
export type TokenWish = {
  subject: string
  roles: string[]
  audience: string
  lifetimeS: number
  /** As if it had been issued so many seconds ago: for experiments with old tokens. */
  ageS?: number
}

/** The control plane as issuer of users' tokens: the lab's stand-in for an identity provider. */
export type UserTokens = TokenKeys & {
  /** A JWT as RFC 9068 has them, signed with the newest key in use. */
  issue(wish: TokenWish): Promise<string>
  /** Adds the next key to the set, so that it can be known everywhere before anything is signed with it. */
  prepare(): void
  /**
   * Begins to sign with it. The old key's public half stays in the set until its last token has expired, unless more
   * than 30 newer ones come before.
   */
  promote(): void
}

/** Seconds. Whoever holds a token is its user, so it should not live for long. */
const longestS = 24 * 3600

/** Every workload is told all of them. */
const mostKeys = 32

const word = (longest: number) =>
  v.pipe(
    v.string(),
    v.regex(new RegExp(`^[\\w.@:+-]{1,${longest}}$`), `letters, digits and . _ @ : + -, at most ${longest}`),
  )

/** The body of `POST /api/tokens`: what comes of the longest of everything is still a token that workloads read. */
export const tokenSchema = v.strictObject({
  subject: word(128),
  roles: v.optional(v.pipe(v.array(word(64)), v.maxLength(32, 'at most 32 roles')), []),
  audience: v.exactOptional(word(128)),
  lifetimeS: v.optional(
    v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(longestS, `at most ${longestS} seconds`)),
    3600,
  ),
  ageS: v.exactOptional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(longestS))),
})

/** `until`: ms since 1970 when the last token signed with it has expired; null while it may still sign. */
type Kept = { kid: string; privateKey: JsonWebKey; until: number | null }

/** The keys are made at the first start, kept with the rest of the control plane's state, and never leave it. */
export const createUserTokens = (
  intent: Pick<Intent, 'tokenKeys' | 'setTokenKeys'>,
  trustDomain: string,
  clock: () => number,
): UserTokens => {
  const issuer = `https://control.${trustDomain}`
  const load = (): Kept[] => JSON.parse(intent.tokenKeys() ?? '[]')
  const store = (keys: Kept[]) => intent.setTokenKeys(JSON.stringify(keys))
  const live = () => load().filter(({ until }) => until === null || until > clock())
  if (load().length === 0) store([newKey()])

  return {
    issuer,
    keys: () => live().map(publicHalf),
    async issue({ subject, roles, audience, lifetimeS, ageS = 0 }) {
      const { kid, privateKey } = live().find(({ until }) => until === null)!
      const issuedAt = Math.floor(clock() / 1000) - ageS
      return new SignJWT({ roles })
        .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid })
        .setIssuer(issuer)
        .setSubject(subject)
        .setAudience(audience)
        .setIssuedAt(issuedAt)
        .setExpirationTime(issuedAt + lifetimeS)
        .setJti(randomUUID())
        .sign(createPrivateKey({ key: privateKey, format: 'jwk' }))
    },
    prepare() {
      const keys = live()
      if (keys.filter(({ until }) => until === null).length < 2) store([...keys.slice(1 - mostKeys), newKey()])
    },
    promote() {
      const keys = live()
      const next = keys.findLast(({ until }) => until === null)
      const until = clock() + longestS * 1000
      store(keys.map(key => (key === next || key.until !== null ? key : { ...key, until })))
    },
  }
}

const newKey = (): Kept => {
  const privateKey = generateKey().privateKey.export({ format: 'jwk' })
  return { kid: thumbprint(privateKey), privateKey, until: null }
}

const publicHalf = ({ kid, privateKey }: Kept): TokenPolicy['keys'][number] => {
  const { kty, crv, x, y } = privateKey
  return { kty, crv, x, y, kid, alg: 'ES256', use: 'sig' }
}

/** RFC 7638: the hash of the key's required members in alphabetical order. */
const thumbprint = ({ crv, kty, x, y }: JsonWebKey): string =>
  createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url')
