import { X509Certificate } from 'node:crypto'
import { readCertificate } from './certificate-read.ts'
import { HopError } from './error.ts'
import { keyUsageBits } from './extensions.ts'
import { readBasicConstraints, readExtendedKeyUsage, readKeyUsage } from './extensions-read.ts'
import { oids } from './oids.ts'

/** Leaf and one intermediate are what our authority gives out. */
const longest = 3

/**
 * Verifies a chain that came outside a handshake: leaf first, each signed by the next, the last by one of the roots (PEM),
 * all of them valid at `now` (ms). RFC 5280 §6.1 as far as our authority uses it; revocation is the caller's to ask.
 * What the leaf may be used for, and whose it is, `readSvid` tells. Answers the leaf.
 * @throws HopError `chain-…`, and what the certificates' readers throw
 */
export const verifyChain = (chain: readonly Buffer[], roots: readonly string[], now: number): X509Certificate => {
  if (chain.length === 0 || chain.length > longest)
    throw fault('length', `1 to ${longest} certificates`, `${chain.length}`)
  const certificates = chain.map(parse)
  const anchors = roots.map(pem => new X509Certificate(pem))
  certificates.forEach((certificate, i) => {
    const { notBefore, notAfter } = readCertificate(certificate.raw)
    if (now < notBefore || now > notAfter) throw fault('not-valid-now', 'valid now', certificate.validTo)
    const next = certificates[i + 1]
    const issuers = next ? [next] : anchors
    const issuer = issuers.find(it => certificate.checkIssued(it) && certificate.verify(it.publicKey))
    if (!issuer) throw fault('unknown-authority', 'signed by the next one, the last by a root', 'another signer')
    assertIssuer(issuer, i, now)
  })
  return certificates[0]!
}

/**
 * Who a chain (leaf first) comes from, as far as its signatures tell: one of the roots (PEM), itself, or a stranger. Nothing
 * else is checked: it names what a verifier has refused already, and says `roots` of a chain that may be bad otherwise.
 */
export const signerOf = (
  chain: readonly X509Certificate[],
  roots: readonly string[],
): 'roots' | 'itself' | 'stranger' => {
  const [leaf] = chain
  const top = chain.at(-1)
  if (!leaf || !top) return 'stranger'
  if (roots.some(pem => isSignedBy(top, new X509Certificate(pem)))) return 'roots'
  return leaf.verify(leaf.publicKey) ? 'itself' : 'stranger'
}

const isSignedBy = (certificate: X509Certificate, issuer: X509Certificate): boolean =>
  certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey)

/** May this certificate issue, with so many intermediates below it? */
const assertIssuer = ({ raw }: X509Certificate, below: number, now: number): void => {
  const { extensions, notBefore, notAfter } = readCertificate(raw)
  const constraints = extensions.get(oids.basicConstraints)
  const { ca, pathLength } = constraints
    ? readBasicConstraints(constraints.value)
    : { ca: false, pathLength: undefined }
  const usage = extensions.get(oids.keyUsage)
  if (!ca || !usage || !readKeyUsage(usage.value).includes(keyUsageBits.keyCertSign))
    throw fault('no-issuer', 'a CA that may sign certificates', 'something else')
  // as OpenSSL has it: our CA for the names of servers is none for callers
  const purposes = extensions.get(oids.extKeyUsage)
  if (purposes && !readExtendedKeyUsage(purposes.value).includes(oids.clientAuth))
    throw fault('issuer-usage', 'an issuer whose certificates may be a caller’s', 'one for other purposes')
  if (pathLength !== undefined && below > Number.parseInt(pathLength, 16))
    throw fault('too-long', `at most ${pathLength} CAs below`, `${below}`)
  if (now < notBefore || now > notAfter) throw fault('not-valid-now', 'an issuer valid now', 'one that is not')
}

const parse = (der: Buffer): X509Certificate => {
  try {
    return new X509Certificate(der)
  } catch (cause) {
    throw new HopError('chain-unreadable', { field: 'chain', expected: 'certificates', found: 'something else', cause })
  }
}

const fault = (what: string, expected: string, found: string): HopError =>
  new HopError(`chain-${what}`, { field: 'chain', expected, found })
