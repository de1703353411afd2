import { constructedTag, contextTag, expectTag, partsOf, readDer, tags } from './der.ts'
import { readInteger, readTime } from './der-values.ts'
import { HopError } from './error.ts'
import { readExtensions } from './extensions-read.ts'
import { oids } from './oids.ts'
import { fromPem } from './pem.ts'

/** A revocation list as its ASN.1 says. Times in milliseconds; numbers and serials in lower-case hex where they are text. */
export type ReadCrl = {
  /** Authority key identifier (hex): whose list it is. Empty where it names none. */
  issuer: string
  number: number
  thisUpdate: number
  nextUpdate: number
  /** Serials of what is revoked; read when first asked for, for there may be many. */
  revoked(): ReadonlySet<string>
}

/**
 * Reads a v2 CRL (RFC 5280 5.1), PEM. Verifies no signature: OpenSSL does, wherever the list counts.
 * @throws HopError `crl-unreadable`, `extension-twice`, `der-…`
 */
export const readCrl = (pem: string): ReadCrl => {
  const der = fromPem('X509 CRL', pem)
  if (!der) throw unreadable('one X509 CRL block', JSON.stringify(pem.slice(0, 40)))
  const [body] = partsOf(readDer(der, tags.sequence))
  const [version, , , thisUpdate, nextUpdate, ...rest] = partsOf(expectTag(body, tags.sequence))
  if (readInteger(version) !== '01') throw unreadable('version 2', 'another')
  const entries = rest.find(({ tag }) => tag === tags.sequence)
  const [list] = partsOf(
    expectTag(
      rest.find(({ tag }) => tag === constructedTag(0)),
      constructedTag(0),
    ),
  )
  const extensions = readExtensions(expectTag(list, tags.sequence))
  const number = extensions.get(oids.crlNumber)
  if (!number) throw unreadable('a CRL number', 'none')
  const authority = extensions.get(oids.authorityKeyIdentifier)
  const id = authority && partsOf(readDer(authority.value, tags.sequence)).find(({ tag }) => tag === contextTag(0))
  let serials: ReadonlySet<string> | undefined
  const revoked = () => new Set(entries ? partsOf(entries).map(entry => readInteger(partsOf(entry)[0])) : [])
  return {
    issuer: id?.content.toString('hex') ?? '',
    number: Number.parseInt(readInteger(readDer(number.value)), 16),
    thisUpdate: readTime(thisUpdate),
    nextUpdate: readTime(nextUpdate),
    revoked: () => (serials ??= revoked()),
  }
}

const unreadable = (expected: string, found: string) =>
  new HopError('crl-unreadable', { field: 'CRL', expected, found })
