import { bySerial } from '../../services/control/measures/life.ts'
import { type CertificateCounts, countCertificates } from '../certificate-counts.ts'
import type { LabClient } from '../lab-client.ts'
import { certificatesShown } from './certificates-shown.ts'
import { watchEveryWay } from './watched-probe.ts'

/** Sends every request the public may send over new connections, and counts the certificates that were shown. Needs the wire. */
export const observeCounts = async (lab: LabClient): Promise<CertificateCounts> => {
  const { seen } = await watchEveryWay(lab)
  const certificates = await lab.lifecycle.certificates()
  return countCertificates(certificatesShown(seen), bySerial({ certificates }))
}
