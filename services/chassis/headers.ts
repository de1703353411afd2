/**
 * Header hygiene for a proxy hop, on raw header arrays (name, value, name, value, …) as Node and our client hand them over.
 * RFC 9110 §7.6.1 (Connection), §7.6.3 (Via); names are compared in lower case, `_` counted as `-` where identity is at stake.
 */

/** Meant for one connection only: a proxy never passes these on. */
const singleHop = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
])

/** Set or answered by every hop from its own knowledge, so what came in is never copied. */
const setHere = new Set(['host', 'expect', 'x-request-id', 'traceparent', 'x-forwarded-for'])

/** Names of callers and users proven elsewhere: only the link itself may state them. */
const neverForwarded = new Set(['x-spiffe-id', 'x-forwarded-client-cert', 'x-user-assertion'])

const identityNames = new Set([
  'forwarded',
  'x-forwarded',
  'x-real-ip',
  'true-client-ip',
  'x-cluster-client-ip',
  'cf-connecting-ip',
])
const identityPrefixes = [
  'x-forwarded-',
  'x-client-',
  'x-spiffe-',
  'x-original-',
  'x-rewrite-',
  'ssl-client-',
  'x-ssl-',
]

/**
 * What a `Connection` header may not name: end-to-end headers, which that would strip from the next hop's view (abuse
 * case 18), and what says where the body ends.
 */
const protectedNames = new Set([
  ...[
    'host',
    'transfer-encoding',
    'content-length',
    'content-type',
    'content-encoding',
    'authorization',
    'cookie',
    'set-cookie',
    'date',
    'cache-control',
  ],
  ...['via', 'tracestate', ...setHere, ...neverForwarded],
])

/** Headers by which a client could claim to be someone else, or somewhere else. Takes a lower-case name, `_` variants included. */
export const isIdentityHeader = (name: string): boolean => {
  const plain = name.includes('_') ? name.replaceAll('_', '-') : name
  return (
    neverForwarded.has(plain) || identityNames.has(plain) || identityPrefixes.some(prefix => plain.startsWith(prefix))
  )
}

/** Lower-case names a `Connection` value asks to drop, without those it has no business naming. */
export const namedByConnection = (value: string): readonly string[] => {
  if (value === 'keep-alive' || value === 'close' || value === '') return none
  return value
    .toLowerCase()
    .split(',')
    .map(token => token.trim())
    .filter(token => token !== '' && !protectedNames.has(token) && !isIdentityHeader(token))
}

const none: readonly string[] = []

/**
 * Appends to `into` what may travel on to the next hop. At an ingress identity headers go too; a user who is vouched for
 * needs no credential further in, so his is kept back.
 * HTTP/2's pseudo headers are dropped and its cookie crumbs joined (RFC 9113 §8.2.3).
 */
export const copyRequestHeaders = (
  raw: readonly string[],
  ingress: boolean,
  into: string[],
  vouchedFor = false,
): void => {
  const dropped = connectionNames(raw)
  let cookie = ''
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i]!.toLowerCase()
    if (singleHop.has(name) || setHere.has(name) || name.charCodeAt(0) === colon) continue
    if (vouchedFor && name === 'authorization') continue
    if (name === 'cookie') cookie = cookie === '' ? raw[i + 1]! : `${cookie}; ${raw[i + 1]}`
    else if (!mayCarryIdentity(name) || !isWithheld(name, ingress)) {
      if (dropped === none || !dropped.includes(name)) into.push(name, raw[i + 1]!)
    }
  }
  if (cookie !== '') into.push('cookie', cookie)
}

/**
 * What of a response may travel back, as raw pairs: bytes from undici, texts from our own client; `own` replace what has
 * their name. `ingress`: the request id is ours to tell.
 */
export const copyResponseHeaders = (raw: readonly Buffer[], own: readonly string[], ingress = false): string[] => {
  const headers = own.slice()
  let dropped = none
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i]!.toString('latin1')
    const lower = name.toLowerCase()
    if (!singleHop.has(lower)) {
      if (ingress && lower === 'x-request-id') continue
      if (own.length === 0 || !isOneOf(own, lower)) headers.push(name, raw[i + 1]!.toString('latin1'))
    } else if (lower === 'connection') {
      const more = namedByConnection(raw[i + 1]!.toString('latin1'))
      if (more.length > 0) dropped = [...dropped, ...more]
    }
  }
  if (dropped.length > 0) removeNamed(headers, own.length, dropped)
  return headers
}

/** Trailer fields that may follow a body: never framing, routing or what belongs in front (RFC 9110 §6.5.1). */
export const trailersOf = (trailers: Record<string, string | string[] | undefined>): Record<string, string> => {
  const allowed: Record<string, string> = {}
  for (const [name, value] of Object.entries(trailers)) {
    if (value === undefined || singleHop.has(name) || setHere.has(name) || protectedNames.has(name)) continue
    allowed[name] = Array.isArray(value) ? value.join(', ') : value
  }
  return allowed
}

const colon = 58

const isWithheld = (name: string, ingress: boolean): boolean => {
  const plain = name.includes('_') ? name.replaceAll('_', '-') : name
  return neverForwarded.has(plain) || setHere.has(plain) || (ingress && isIdentityHeader(plain))
}

// every identity header starts with one of these letters; the cheap test spares most headers the thorough one
const mayCarryIdentity = (name: string): boolean => {
  const first = name.charCodeAt(0)
  return first === 120 || first === 102 || first === 116 || first === 99 || first === 115 || name.includes('_')
}

const connectionNames = (raw: readonly string[]): readonly string[] => {
  let names = none
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i]!
    if (name.length !== 10 || name.toLowerCase() !== 'connection') continue
    const more = namedByConnection(raw[i + 1]!)
    if (more.length > 0) names = [...names, ...more]
  }
  return names
}

const isOneOf = (pairs: readonly string[], lower: string): boolean => {
  for (let i = 0; i < pairs.length; i += 2) if (pairs[i] === lower) return true
  return false
}

const removeNamed = (headers: string[], start: number, names: readonly string[]): void => {
  for (let i = headers.length - 2; i >= start; i -= 2) {
    if (names.includes(headers[i]!.toLowerCase())) headers.splice(i, 2)
  }
}
