import type { Refusal } from './check.ts'

/** Why a request is turned away for its user, in the order in which it is looked at. */
export type TokenFailure =
  | 'token-missing'
  | 'token-malformed'
  | 'token-forged'
  | 'token-wrong-issuer'
  | 'token-wrong-audience'
  | 'token-expired'
  | 'token-not-yet-valid'
  | 'assertion-forged'
  | 'role-missing'

const details: Record<TokenFailure, string> = {
  'token-missing': 'this request needs the token of its user',
  'token-malformed': 'the Authorization header holds no readable token',
  'token-forged': 'the token is not signed by a key and algorithm in use here',
  'token-wrong-issuer': 'the token was issued by somebody else',
  'token-wrong-audience': 'the token is meant for somebody else',
  'token-expired': 'the token has expired',
  'token-not-yet-valid': 'the token is not valid yet',
  'assertion-forged': 'nobody who may vouch for users has vouched for this one',
  'role-missing': 'the user lacks the role that this request needs',
}

/**
 * 401 or 403 with the challenge of RFC 6750 §3, which names no error where no token came, and for 403 the role that is
 * needed. Says what is wrong, and nothing of what was in the token.
 */
export const refuseUser = (name: TokenFailure, realm: string, role?: string): Refusal => {
  const lacking = name === 'role-missing'
  const error = lacking ? 'insufficient_scope' : 'invalid_token'
  const more = name === 'token-missing' ? [] : [`error="${error}"`, `error_description="${details[name]}"`]
  const challenge = [`Bearer realm="${realm}"`, ...more, ...(role === undefined ? [] : [`scope="${role}"`])].join(', ')
  return { status: lacking ? 403 : 401, name, detail: details[name], headers: ['www-authenticate', challenge] }
}
