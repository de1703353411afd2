import type { X509Certificate } from 'node:crypto'

/** A leaf and one or two intermediates are what anybody of ours sends. */
const longest = 4

/** Beyond so many nothing is looked at that a peer sends. */
const mostSent = 8

/**
 * A peer's certificates, leaf first, without the root: each of them signed by the next, out of those that are known here and
 * those that were sent. A peer may send any certificate beside his own: none counts for where it stands. A caller is told
 * by the handshake what was sent; Node 24 tells a listener the leaf alone.
 */
export const chainOf = (leaf: X509Certificate, known: readonly X509Certificate[]): X509Certificate[] => {
  const chain = [leaf]
  const candidates = [...known, ...sentWith(leaf)]
  for (let at = leaf; chain.length < longest; ) {
    const below = at
    const issuer = candidates.find(candidate => isIssuedBy(below, candidate))
    // a root is its own issuer
    if (!issuer || issuer.checkIssued(issuer)) break
    chain.push(issuer)
    at = issuer
  }
  return chain
}

/** Is the last of a chain signed by one of these? */
export const reaches = (chain: readonly X509Certificate[], roots: readonly X509Certificate[]): boolean =>
  roots.some(root => isIssuedBy(chain.at(-1)!, root))

/** By name, key identifier and signature. */
export const isIssuedBy = (certificate: X509Certificate, issuer: X509Certificate): boolean =>
  certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey)

/** One on the other, in whatever order. */
const sentWith = (leaf: X509Certificate): X509Certificate[] => {
  const sent: X509Certificate[] = []
  for (let at = leaf.issuerCertificate; at && sent.length < mostSent; at = at.issuerCertificate) sent.push(at)
  return sent
}
