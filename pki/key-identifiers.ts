import type { X509Certificate } from 'node:crypto'
import { readCertificate } from './certificate-read.ts'
import { contextTag, expectTag, partsOf, readDer, tags } from './der.ts'
import { oids } from './oids.ts'

/** Key identifier of the CA that issued a certificate, lower-case hex (RFC 5280, 4.2.1.1); empty where it names none. */
export const authorityKeyId = ({ raw }: X509Certificate): string => {
  const extension = readCertificate(raw).extensions.get(oids.authorityKeyIdentifier)
  if (!extension) return ''
  const id = partsOf(readDer(extension.value, tags.sequence)).find(({ tag }) => tag === contextTag(0))
  return id?.content.toString('hex') ?? ''
}

/** A certificate's own key identifier, lower-case hex (RFC 5280, 4.2.1.2); empty where it has none. */
export const subjectKeyId = ({ raw }: X509Certificate): string => {
  const extension = readCertificate(raw).extensions.get(oids.subjectKeyIdentifier)
  return extension ? expectTag(readDer(extension.value), tags.octetString).content.toString('hex') : ''
}
