import { createPrivateKey, createPublicKey, type KeyObject, X509Certificate } from 'node:crypto'
import { raw } from './asn1.ts'
import { keyIdentifier, type Signer } from './certificate.ts'
import { readCertificate } from './certificate-read.ts'
import { HopError } from './error.ts'
import { privateKeyPem, spkiOf } from './keys.ts'
import { toPem } from './pem.ts'

/** A CA ready to sign: its certificate (PEM), validity in milliseconds, and what certificates below it repeat. */
export type Issuer = Signer & { certificate: string; notBefore: number; notAfter: number }

/** A CA as it is stored. The private key is in clear: the keeper's file must be its owner's alone. */
export type IssuerState = { certificate: string; privateKey: string }

export const issuerOf = (der: Buffer, privateKey: KeyObject): Issuer => {
  const { subject, spki, notBefore, notAfter } = readCertificate(der)
  const certificate = toPem('CERTIFICATE', der)
  return { certificate, name: raw(subject.whole), keyIdentifier: keyIdentifier(spki), privateKey, notBefore, notAfter }
}

/** @throws HopError `authority-state` when key and certificate do not belong together or are not what they should be */
export const openIssuer = (state: IssuerState, field: string): Issuer => {
  try {
    const certificate = new X509Certificate(state.certificate)
    const privateKey = createPrivateKey(state.privateKey)
    if (!spkiOf(certificate.publicKey).equals(spkiOf(createPublicKey(privateKey)))) {
      throw new HopError('authority-state', { field, expected: 'a key that fits its certificate', found: 'another' })
    }
    return issuerOf(certificate.raw, privateKey)
  } catch (cause) {
    if (cause instanceof HopError) throw cause
    throw new HopError('authority-state', {
      field,
      expected: 'a certificate and its key, PEM',
      found: 'something else',
      cause,
    })
  }
}

export const issuerState = ({ certificate, privateKey }: Issuer): IssuerState => ({
  certificate,
  privateKey: privateKeyPem(privateKey),
})
