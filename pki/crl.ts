import { type Asn1, enumerated, integer, sequence, tagged, time } from './asn1.ts'
import type { Signer } from './certificate.ts'
import { HopError } from './error.ts'
import { authorityKeyIdentifier, type Extension, extensionValue } from './extensions.ts'
import { oids } from './oids.ts'
import { toPem } from './pem.ts'
import { signed } from './signatures.ts'

/** Reasons of RFC 5280 5.3.1 with their numbers. `removeFromCRL` is for delta CRLs, which we do not make. */
export const revocationReasons = {
  unspecified: 0,
  keyCompromise: 1,
  cACompromise: 2,
  affiliationChanged: 3,
  superseded: 4,
  cessationOfOperation: 5,
  certificateHold: 6,
  privilegeWithdrawn: 9,
  aACompromise: 10,
} as const
export type RevocationReason = keyof typeof revocationReasons

export const isRevocationReason = (text: string): text is RevocationReason => Object.hasOwn(revocationReasons, text)

/** One revoked certificate: serial in hex, time in milliseconds. */
export type Revoked = { serial: string; at: number; reason: RevocationReason }

export type CrlSpec = { issuer: Signer; number: number; revoked: Revoked[]; thisUpdate: number; nextUpdate: number }

/**
 * A complete v2 CRL, PEM (RFC 5280 5). `number` must grow with each list of one issuer.
 * @throws HopError `crl-reason`, `crl-number`, `crl-times`
 */
export const buildCrl = ({ issuer, number, revoked, thisUpdate, nextUpdate }: CrlSpec): string => {
  if (!Number.isSafeInteger(number) || number < 0) throw fault('number', 'an integer of zero or more', number)
  if (!(nextUpdate > thisUpdate)) throw fault('times', 'nextUpdate after thisUpdate', nextUpdate - thisUpdate)
  const extensions = [
    authorityKeyIdentifier(issuer.keyIdentifier),
    { oid: oids.crlNumber, critical: false, value: integer(number) },
  ]
  const entries = revoked.map(entry)
  const body = (algorithm: Asn1) =>
    sequence(
      integer(1),
      algorithm,
      issuer.name,
      time(thisUpdate),
      time(nextUpdate),
      // An empty list must be absent (RFC 5280 5.1.2.6).
      ...(entries.length ? [sequence(...entries)] : []),
      tagged(0, sequence(...extensions.map(extensionValue))),
    )
  return toPem('X509 CRL', signed(issuer.privateKey, body))
}

const entry = ({ serial, at, reason }: Revoked): Asn1 => {
  if (!isRevocationReason(reason)) throw fault('reason', Object.keys(revocationReasons).join(', '), reason)
  const base = [integer(serial), time(at)]
  // `unspecified` should be absent rather than written (RFC 5280 5.3.1).
  if (reason === 'unspecified') return sequence(...base)
  const code: Extension = { oid: oids.reasonCode, critical: false, value: enumerated(revocationReasons[reason]) }
  return sequence(...base, sequence(extensionValue(code)))
}

const fault = (what: string, expected: string, found: unknown): HopError =>
  new HopError(`crl-${what}`, { field: `CRL ${what}`, expected, found: `${found}` })
