import type { FailureName } from '../../services/chassis/failures.ts'

/**
 * How a certificate is refused that nobody trusted has signed. Of several complaints OpenSSL's last one is reported
 * (Node 24, OpenSSL 3.5), and where CRLs are checked that is the missing CRL of the issuer nobody knows.
 */
export const unknownSigner: readonly FailureName[] = [
  'self-signed',
  'unknown-authority',
  'missing-intermediate',
  'crl-missing',
]
