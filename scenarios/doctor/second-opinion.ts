import { X509Certificate } from 'node:crypto'
import { readCertificate } from '../../pki/certificate-read.ts'
import { signerOf } from '../../pki/chain.ts'
import { readExtendedKeyUsage } from '../../pki/extensions-read.ts'
import { oids } from '../../pki/oids.ts'
import { splitPem } from '../../pki/pem.ts'
import type { FailureName } from '../../services/chassis/failures.ts'
import type { End } from './end.ts'

/**
 * What is wrong with a caller's chain (PEM, leaf first) in the eyes of a callee that trusts these roots, at a moment in
 * ms: for where the callee turned it away and its reason was lost. Node's strict server loses it (`rejectUnauthorized`).
 * Undefined where nothing is found, or no roots are known.
 */
export const secondOpinion = (
  chain: string,
  { bundle, revoked = [] }: Pick<End, 'bundle' | 'revoked'>,
  at: number,
): FailureName | undefined => {
  if (!bundle) return undefined
  const certificates = certificatesIn(chain)
  const [leaf] = certificates
  if (!leaf) return 'no-client-certificate'
  const signer = signerOf(certificates, bundle)
  if (signer === 'itself') return 'self-signed'
  if (signer === 'stranger') return certificates.length === 1 ? 'missing-intermediate' : 'unknown-authority'
  const { notBefore, notAfter, extensions } = readCertificate(leaf.raw)
  if (at > notAfter) return 'certificate-expired'
  if (at < notBefore) return 'certificate-not-yet-valid'
  const usage = extensions.get(oids.extKeyUsage)
  if (usage && !readExtendedKeyUsage(usage.value).includes(oids.clientAuth)) return 'wrong-usage'
  return revoked.includes(leaf.serialNumber.toLowerCase()) ? 'revoked' : undefined
}

/** The certificates of a PEM text, in its order. */
export const certificatesIn = (chain: string): X509Certificate[] => splitPem(chain).map(pem => new X509Certificate(pem))
