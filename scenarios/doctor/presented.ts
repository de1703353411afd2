import { readCertificate } from '../../pki/certificate-read.ts'
import { authorityKeyId } from '../../pki/key-identifiers.ts'
import type { End } from './end.ts'
import { certificatesIn } from './second-opinion.ts'

/** What a chain (PEM, leaf first) tells of the end that presents it; nothing of an empty one. */
export const presented = (chain: string | undefined): Pick<End, 'chain' | 'certificate'> => {
  const [leaf] = certificatesIn(chain ?? '')
  if (chain === undefined || !leaf) return {}
  const { notBefore, notAfter } = readCertificate(leaf.raw)
  const dates = { notBefore: new Date(notBefore).toISOString(), notAfter: new Date(notAfter).toISOString() }
  return { chain, certificate: { ...dates, issuer: authorityKeyId(leaf) } }
}
