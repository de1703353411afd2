import { HopError } from './error.ts'

/** A SPIFFE ID taken apart. `path` is empty for an authority's own ID, else starts with `/`. */
export type SpiffeId = { trustDomain: string; path: string }

const longest = 2048
const longestTrustDomain = 255

/**
 * Reads a SPIFFE ID by the rules of the SPIFFE-ID standard (sections 2.1 to 2.3), which leave no room for a URI parser:
 * no port, userinfo, query, fragment, percent-encoding, dot segment, empty segment or trailing slash.
 * @throws HopError `spiffe-id-…`
 */
export const parseSpiffeId = (text: string): SpiffeId => {
  if (text.length > longest) refuse('too-long', `at most ${longest} bytes`, `${text.length}`)
  if (!text.startsWith('spiffe://')) refuse('scheme', 'spiffe://…', text)

  const rest = text.slice('spiffe://'.length)
  const slash = rest.indexOf('/')
  const trustDomain = slash < 0 ? rest : rest.slice(0, slash)
  const path = slash < 0 ? '' : rest.slice(slash)
  checkTrustDomain(trustDomain)

  if (path === '') return { trustDomain, path }
  for (const segment of path.slice(1).split('/')) {
    if (segment === '') refuse('empty-segment', 'segments of at least one character, no trailing slash', text)
    if (segment === '.' || segment === '..') refuse('dot-segment', 'no . or .. in the path', text)
    if (!/^[A-Za-z0-9._-]+$/.test(segment)) refuse('path', 'a-z A-Z 0-9 . _ - in each path segment', text)
  }
  return { trustDomain, path }
}

/**
 * The ID of a workload in a trust domain: `spiffeId('hop.lab', 'orders')` is `spiffe://hop.lab/orders`.
 * @throws HopError `spiffe-id-…`
 */
export const spiffeId = (trustDomain: string, workload: string): string => {
  const id = `spiffe://${trustDomain}/${workload}`
  checkTrustDomain(trustDomain)
  parseSpiffeId(id)
  return id
}

/** @throws HopError `spiffe-id-trust-domain` unless the name is 1 to 255 of `a-z 0-9 . - _` */
export const checkTrustDomain = (name: string): void => {
  if (!/^[a-z0-9._-]+$/.test(name) || name.length > longestTrustDomain) {
    refuse('trust-domain', `1 to ${longestTrustDomain} of a-z 0-9 . - _`, name)
  }
}

const refuse = (what: string, expected: string, found: string): never => {
  throw new HopError(`spiffe-id-${what}`, { field: 'SPIFFE ID', expected, found: JSON.stringify(found.slice(0, 200)) })
}
