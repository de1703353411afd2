/** A token longer than this is refused unread: ours have about 500 characters. */
const longest = 4096

/** The bearer token of a request (RFC 6750 §2.1), or why there is none to check. */
export type Bearer = { token: string } | { because: 'missing' | 'malformed' }

/** Reads raw header pairs: of two Authorization headers two readers could take one each, so none is taken. */
export const bearerOf = (rawHeaders: readonly string[]): Bearer => {
  let found: string | undefined
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (rawHeaders[i]!.toLowerCase() !== 'authorization') continue
    if (found !== undefined) return { because: 'malformed' }
    found = rawHeaders[i + 1]!
  }
  if (found === undefined || !/^bearer(?: |$)/i.test(found)) return { because: 'missing' }
  const token = found.slice(6).trim()
  return token.length <= longest && compact.test(token) ? { token } : { because: 'malformed' }
}

/** A JWS in compact form (RFC 7515 §7.1); the signature may be empty here, so that `alg: none` is refused for what it is. */
const compact = /^[\w-]+\.[\w-]+\.[\w-]*$/
