import { contextTag, type Der, expectTag, partsOf, readDer, tags } from './der.ts'
import { readBits, readBoolean, readInteger, readOid } from './der-values.ts'
import { HopError } from './error.ts'

/** An extension as it stands in a certificate or CSR; `value` is the DER inside its OCTET STRING. */
export type ReadExtension = { critical: boolean; value: Buffer }

/** Names of a subjectAltName by form, as text from their bytes (latin1). `others` counts the forms not listed. */
export type ReadNames = { uris: string[]; dnsNames: string[]; emails: string[]; ipAddresses: string[]; others: number }

/** Extensions by OID. @throws HopError `extension-twice`: two of one kind let two readers see two things */
export const readExtensions = (list: Der): Map<string, ReadExtension> => {
  const extensions = new Map<string, ReadExtension>()
  for (const entry of partsOf(expectTag(list, tags.sequence))) {
    const parts = partsOf(expectTag(entry, tags.sequence))
    const oid = readOid(parts[0])
    if (extensions.has(oid)) throw new HopError('extension-twice', { field: oid, expected: 'once', found: 'twice' })
    const critical = parts.length === 3 && readBoolean(parts[1])
    extensions.set(oid, { critical, value: expectTag(parts[parts.length === 3 ? 2 : 1], tags.octetString).content })
  }
  return extensions
}

export const readBasicConstraints = (value: Buffer): { ca: boolean; pathLength: string | undefined } => {
  const parts = partsOf(readDer(value, tags.sequence))
  const ca = parts[0]?.tag === tags.boolean ? readBoolean(parts.shift()) : false
  const pathLength = parts.length ? readInteger(parts.shift()) : undefined
  if (parts.length)
    throw new HopError('der-unexpected', { field: 'basicConstraints', expected: 'the end', found: 'more' })
  return { ca, pathLength }
}

/** Numbers of the usages that are set (RFC 5280 4.2.1.3). This is what Node's `keyUsage` is not. */
export const readKeyUsage = (value: Buffer): number[] => readBits(readDer(value))

/** OIDs of the extended usages. */
export const readExtendedKeyUsage = (value: Buffer): string[] => partsOf(readDer(value, tags.sequence)).map(readOid)

export const readSubjectAltName = (value: Buffer): ReadNames => {
  const names: ReadNames = { uris: [], dnsNames: [], emails: [], ipAddresses: [], others: 0 }
  for (const name of partsOf(readDer(value, tags.sequence))) {
    if (name.tag === contextTag(6)) names.uris.push(name.content.toString('latin1'))
    else if (name.tag === contextTag(2)) names.dnsNames.push(name.content.toString('latin1'))
    else if (name.tag === contextTag(1)) names.emails.push(name.content.toString('latin1'))
    else if (name.tag === contextTag(7)) names.ipAddresses.push(ipText(name.content))
    else names.others++
  }
  return names
}

const ipText = (bytes: Buffer): string =>
  bytes.length === 4 ? bytes.join('.') : (bytes.toString('hex').match(/.{1,4}/g) ?? []).join(':')
