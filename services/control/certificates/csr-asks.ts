import { type Csr, readCsr } from '../../../pki/csr.ts'
import { HopError } from '../../../pki/error.ts'

/**
 * A CSR may ask for less than it gets, never for more or another.
 * @throws HopError `csr-asks-for-ca`, `csr-asks-for-another-identity`, and what `readCsr` throws
 */
export const workloadCsr = (pem: string, id: string, workload: string): Csr => {
  const csr = readCsr(pem)
  refuseCa(csr)
  const { uris, dnsNames, commonName } = csr.requested
  const asked = [...uris.filter(uri => uri !== id), ...dnsNames, ...otherNames(csr)]
  if (commonName !== undefined && commonName !== workload && commonName !== id) asked.push(commonName)
  if (asked.length > 0) throw otherIdentity(id, asked)
  return csr
}

/** The same for one DNS name. */
export const publicCsr = (pem: string, dnsName: string): Csr => {
  const csr = readCsr(pem)
  refuseCa(csr)
  const { uris, dnsNames, commonName } = csr.requested
  const asked = [...uris, ...dnsNames.filter(name => name !== dnsName), ...otherNames(csr)]
  if (commonName !== undefined && commonName !== dnsName) asked.push(commonName)
  if (asked.length > 0) throw otherIdentity(dnsName, asked)
  return csr
}

const refuseCa = ({ requested }: Csr): void => {
  if (requested.ca)
    throw new HopError('csr-asks-for-ca', { field: 'basicConstraints', expected: 'CA:false or none', found: 'CA:true' })
}

const otherNames = ({ requested: { emails, ipAddresses, others } }: Csr): string[] => [
  ...emails,
  ...ipAddresses.map(String),
  ...(others > 0 ? [`${others} names of other kinds`] : []),
]

const otherIdentity = (expected: string, asked: string[]) =>
  new HopError('csr-asks-for-another-identity', {
    field: 'certificate request',
    expected: `${expected}, or no name`,
    found: JSON.stringify(asked).slice(0, 300),
    remedy: 'Leave the names out: the authority decides them',
  })
