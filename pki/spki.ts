import { type Der, expectTag, partsOf, readDer, tags } from './der.ts'
import { readBitBytes, readInteger, readOid } from './der-values.ts'
import { HopError } from './error.ts'
import { oids } from './oids.ts'

const curves: Record<string, { name: string; pointBytes: number }> = {
  [oids.p256]: { name: 'P-256', pointBytes: 65 },
  [oids.p384]: { name: 'P-384', pointBytes: 97 },
}

/**
 * Refuses public keys that must not be certified or trusted, reading the SubjectPublicKeyInfo itself.
 * Allowed: P-256 and P-384 by name and as uncompressed points, Ed25519, RSA of 2048 to 8192 bits with exponent 65537 or more.
 * @throws HopError `key-type`, `key-curve`, `key-rsa-too-short`, `key-rsa-too-long`, `key-rsa-exponent`, `der-…`
 */
export const assertStrongSpki = (spki: Buffer): void => {
  const [algorithm, key] = partsOf(readDer(spki, tags.sequence))
  const [type, parameters] = partsOf(expectTag(algorithm, tags.sequence))
  const name = readOid(type)
  const bytes = readBitBytes(key)
  if (name === oids.ecPublicKey) checkCurve(parameters, bytes)
  else if (name === oids.rsaEncryption) checkRsa(bytes)
  else if (name !== oids.ed25519 || parameters || bytes.length !== 32) {
    throw fault('key-type', 'P-256, P-384, RSA or Ed25519', name)
  }
}

const checkCurve = (parameters: Der | undefined, point: Buffer): void => {
  // Explicit parameters can describe a curve that only looks like a known one (CVE-2020-0601).
  const curve = parameters?.tag === tags.oid ? readOid(parameters) : 'explicit parameters'
  const known = curves[curve]
  if (!known) throw fault('key-curve', 'P-256 or P-384 by name', curve)
  if (point.length !== known.pointBytes || point[0] !== 4) {
    throw fault(
      'key-curve',
      `an uncompressed ${known.name} point of ${known.pointBytes} bytes`,
      `${point.length} bytes`,
    )
  }
}

const checkRsa = (key: Buffer): void => {
  const [modulus, exponent] = partsOf(readDer(key, tags.sequence)).map(part => BigInt(`0x${readInteger(part)}`))
  const size = modulus?.toString(2).length ?? 0
  if (size < 2048) throw fault('key-rsa-too-short', '2048 bits or more', `${size} bits`)
  if (size > 8192) throw fault('key-rsa-too-long', '8192 bits or less', `${size} bits`)
  if (exponent === undefined || exponent < 65537n || exponent % 2n === 0n || exponent >= 2n ** 64n) {
    throw fault('key-rsa-exponent', '65537, or a larger odd number below 2^64', `${exponent}`.slice(0, 40))
  }
}

const fault = (code: string, expected: string, found: string): HopError =>
  new HopError(code, { field: 'public key', expected, found, remedy: 'Use a P-256 key' })
