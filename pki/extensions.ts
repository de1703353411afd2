import { type Asn1, bits, boolean, integer, octets, oid, sequence, tagged, taggedBytes, toDer } from './asn1.ts'
import { oids } from './oids.ts'

/** One extension, ready for a certificate, a CSR or a CRL. */
export type Extension = { oid: string; critical: boolean; value: Asn1 }

/** A name in a subjectAltName or a name constraint. `ip` is an address of 4 or 16 bytes; with its mask, 8 or 32. */
export type GeneralName =
  | { uri: string }
  | { dns: string }
  | { email: string }
  | { ip: Uint8Array }
  | { directory: Asn1 }

/** Bits of keyUsage by their numbers in RFC 5280 4.2.1.3. */
export const keyUsageBits = { digitalSignature: 0, keyEncipherment: 2, keyCertSign: 5, cRLSign: 6 } as const
export type KeyUsage = keyof typeof keyUsageBits
export type ExtendedKeyUsage = 'serverAuth' | 'clientAuth' | 'codeSigning'

/** `SEQUENCE { oid, critical, value }`. */
export const extensionValue = ({ oid: type, critical, value }: Extension): Asn1 =>
  critical ? sequence(oid(type), boolean(true), octets(toDer(value))) : sequence(oid(type), octets(toDer(value)))

/** CA: false, or CA: true with the number of CAs that may follow below. */
export const basicConstraints = (ca: { pathLength?: number } | false): Extension => {
  const parts = ca ? [boolean(true), ...(ca.pathLength === undefined ? [] : [integer(ca.pathLength)])] : []
  return { oid: oids.basicConstraints, critical: true, value: sequence(...parts) }
}

export const keyUsage = (...usages: KeyUsage[]): Extension => {
  const numbers: number[] = usages.map(usage => keyUsageBits[usage])
  const byte = numbers.reduce((sum, bit) => sum | (0x80 >> bit), 0)
  return { oid: oids.keyUsage, critical: true, value: bits(Buffer.of(byte), 7 - Math.max(...numbers)) }
}

export const extendedKeyUsage = (...usages: ExtendedKeyUsage[]): Extension => ({
  oid: oids.extKeyUsage,
  critical: false,
  value: sequence(...usages.map(usage => oid(oids[usage]))),
})

/** Critical where the subject is empty (RFC 5280 4.2.1.6). */
export const subjectAltName = (names: GeneralName[], critical: boolean): Extension => ({
  oid: oids.subjectAltName,
  critical,
  value: sequence(...names.map(generalName)),
})

export const subjectKeyIdentifier = (id: Uint8Array): Extension => ({
  oid: oids.subjectKeyIdentifier,
  critical: false,
  value: octets(id),
})

export const authorityKeyIdentifier = (id: Uint8Array): Extension => ({
  oid: oids.authorityKeyIdentifier,
  critical: false,
  value: sequence(taggedBytes(0, id)),
})

export const crlDistributionPoint = (url: string): Extension => ({
  oid: oids.crlDistributionPoints,
  critical: false,
  value: sequence(sequence(tagged(0, tagged(0, generalName({ uri: url }))))),
})

/** Names a CA may certify, and may not. A form of name no entry mentions stays unconstrained (RFC 5280 4.2.1.10). */
export const nameConstraints = (permitted: GeneralName[], excluded: GeneralName[]): Extension => {
  const trees = (tag: number, names: GeneralName[]) =>
    names.length ? [tagged(tag, ...names.map(name => sequence(generalName(name))))] : []
  return { oid: oids.nameConstraints, critical: true, value: sequence(...trees(0, permitted), ...trees(1, excluded)) }
}

const generalName = (name: GeneralName): Asn1 => {
  if ('email' in name) return taggedBytes(1, Buffer.from(name.email, 'latin1'))
  if ('dns' in name) return taggedBytes(2, Buffer.from(name.dns, 'latin1'))
  if ('directory' in name) return tagged(4, name.directory)
  if ('uri' in name) return taggedBytes(6, Buffer.from(name.uri, 'latin1'))
  return taggedBytes(7, name.ip)
}
