import { X509Certificate } from 'node:crypto'
import { createSecureContext } from 'node:tls'
import { type ReadCrl, readCrl } from '../../pki/crl-read.ts'
import { HopError } from '../../pki/error.ts'
import { subjectKeyId } from '../../pki/key-identifiers.ts'
import { loadable } from './credential-checks.ts'
import type { HeldTrust } from './observation.ts'
import type { Trust } from './tls-options.ts'

/** Trust that was checked, and what was read from it. */
export type TrustHeld = {
  trust: Trust
  /** Since when it has this version, ms since the epoch. */
  since: number
  roots: X509Certificate[]
  intermediates: X509Certificate[]
  lists: ReadCrl[]
  /** Serials that were revoked, whatever the lists say. */
  revoked: ReadonlySet<string>
  /** Highest number seen of each issuer's lists, also where none of them is held any more. */
  numbers: ReadonlyMap<string, number>
}

/**
 * Checks new trust against what is held; the answer replaces it. Trust only goes forward: who owns the wire, or a copy of
 * the control plane's state, must not bring back a root that was distrusted or a list that did not name a certificate yet.
 * @throws HopError `bad-credentials`, `trust-rolled-back`, `crl-rolled-back`
 */
export const takeTrust = (trust: Trust, held?: TrustHeld, now = Date.now()): TrustHeld => {
  const roots = rootsOf(trust.bundle)
  const intermediates = (trust.intermediates ?? []).map(pem =>
    loadable('intermediates', () => new X509Certificate(pem)),
  )
  loadable('crl', () => createSecureContext({ ca: trust.bundle, crl: trust.crl }))
  const lists = trust.crl.map(pem => loadable('crl', () => readCrl(pem)))
  const { version } = trust
  const before = held?.trust.version
  if (version !== undefined && before !== undefined && version < before)
    throw rolledBack('trust', 'version', before, version)
  const numbers = new Map(held?.numbers)
  for (const { issuer, number } of lists) {
    const highest = numbers.get(issuer) ?? number
    if (number < highest) throw rolledBack('crl', `CRL number of issuer ${issuer}`, highest, number)
    numbers.set(issuer, number)
  }
  return {
    trust: { ...trust, bundle: [...trust.bundle], crl: [...trust.crl] },
    since: held && version === before ? held.since : now,
    roots,
    intermediates,
    lists,
    revoked: new Set(trust.revoked),
    numbers,
  }
}

/** Would a chain be judged alike by both? */
export const sameTrust = (a: Trust, b: Trust): boolean =>
  sameTexts(a.bundle, b.bundle) && sameTexts(a.crl, b.crl) && a.revocation === b.revocation

const sameTexts = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((text, i) => text === b[i])

/** The same, as it is told to who asks. */
export const describeTrust = ({ trust, since, roots, lists }: TrustHeld): HeldTrust => ({
  version: trust.version ?? 0,
  since: new Date(since).toISOString(),
  roots: roots.map(subjectKeyId),
  crls: lists.map(({ issuer, number, thisUpdate, nextUpdate }) => ({
    issuer,
    number,
    thisUpdate: new Date(thisUpdate).toISOString(),
    nextUpdate: new Date(nextUpdate).toISOString(),
  })),
})

const rootsOf = (bundle: readonly string[]): X509Certificate[] => {
  if (bundle.length === 0)
    throw new HopError('bad-credentials', { field: 'bundle', expected: 'at least one root', found: 'none' })
  return bundle.map(pem => {
    const root = loadable('bundle', () => new X509Certificate(pem))
    if (root.ca) return root
    throw new HopError('bad-credentials', { field: 'bundle', expected: 'CA certificates', found: root.subject })
  })
}

const rolledBack = (what: 'trust' | 'crl', field: string, held: number, found: number) =>
  new HopError(`${what}-rolled-back`, { field, expected: `${held} or more`, found: `${found}` })
