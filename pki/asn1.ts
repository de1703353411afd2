import type forge from 'node-forge'
import asn1 from 'node-forge/lib/asn1.js'

/** One ASN.1 value ready to be written as DER. */
export type Asn1 = forge.asn1.Asn1

const { Class, Type } = asn1
const latin = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1')
const plain = (type: forge.asn1.Type, value: string): Asn1 => asn1.create(Class.UNIVERSAL, type, false, value)

export const sequence = (...parts: Asn1[]): Asn1 => asn1.create(Class.UNIVERSAL, Type.SEQUENCE, true, parts)
export const set = (...parts: Asn1[]): Asn1 => asn1.create(Class.UNIVERSAL, Type.SET, true, parts)
export const oid = (dotted: string): Asn1 => plain(Type.OID, asn1.oidToDer(dotted).getBytes())
export const nothing = (): Asn1 => plain(Type.NULL, '')
export const boolean = (value: boolean): Asn1 => plain(Type.BOOLEAN, value ? '\xff' : '\x00')
export const octets = (bytes: Uint8Array): Asn1 => plain(Type.OCTETSTRING, latin(bytes))
export const utf8 = (text: string): Asn1 => plain(Type.UTF8, latin(Buffer.from(text, 'utf8')))
export const enumerated = (value: number): Asn1 => plain(Type.ENUMERATED, String.fromCharCode(value))

/** A BIT STRING; `unused` counts the bits of the last byte that do not belong to it. */
export const bits = (bytes: Uint8Array, unused = 0): Asn1 =>
  plain(Type.BITSTRING, String.fromCharCode(unused) + latin(bytes))

/** A non-negative INTEGER from a number or from hex digits. */
export const integer = (value: number | string): Asn1 => {
  const hex = typeof value === 'number' ? value.toString(16) : value.replace(/^(00)+(?=.)/, '')
  const even = hex.length % 2 ? `0${hex}` : hex
  return plain(Type.INTEGER, latin(Buffer.from(/^[89a-f]/i.test(even) ? `00${even}` : even, 'hex')))
}

/** A time in whole seconds from milliseconds: UTCTime until 2049, GeneralizedTime after (RFC 5280 4.1.2.5). */
export const time = (ms: number): Asn1 => {
  const date = new Date(ms)
  return date.getUTCFullYear() < 2050
    ? plain(Type.UTCTIME, asn1.dateToUtcTime(date))
    : plain(Type.GENERALIZEDTIME, asn1.dateToGeneralizedTime(date))
}

/** `[n] { … }`: an explicit tag, or an implicit one over a constructed value. */
export const tagged = (n: number, ...parts: Asn1[]): Asn1 =>
  asn1.create(Class.CONTEXT_SPECIFIC, n as forge.asn1.Type, true, parts)

/** `[n]` implicit over a primitive value, such as a name in a subjectAltName. */
export const taggedBytes = (n: number, bytes: Uint8Array): Asn1 =>
  asn1.create(Class.CONTEXT_SPECIFIC, n as forge.asn1.Type, false, latin(bytes))

/** A value that is DER already. */
export const raw = (der: Uint8Array): Asn1 => {
  const options = { decodeBitStrings: false }
  return asn1.fromDer(latin(der), options as unknown as boolean)
}

export const toDer = (value: Asn1): Buffer => Buffer.from(asn1.toDer(value).getBytes(), 'latin1')
