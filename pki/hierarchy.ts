import { randomBytes } from 'node:crypto'
import { type CertificateSpec, keyIdentifier, type Signer, signCertificate } from './certificate.ts'
import {
  basicConstraints,
  crlDistributionPoint,
  type Extension,
  extendedKeyUsage,
  type GeneralName,
  keyUsage,
  nameConstraints,
  subjectAltName,
} from './extensions.ts'
import { type Issuer, issuerOf } from './issuer.ts'
import { generateKey, type KeyType, spkiOf } from './keys.ts'
import { distinguishedName } from './names.ts'

/** Milliseconds. `backdateMs` forgives clocks that are a little behind. */
export type Lifetimes = { rootMs: number; intermediateMs: number; crlMs: number; backdateMs: number }

const day = 24 * 3600_000

/** Where nothing else is said. */
export const defaultLifetimes: Lifetimes = {
  rootMs: 365 * day,
  intermediateMs: 90 * day,
  crlMs: day,
  backdateMs: 60_000,
}

/** The CAs of one authority. `root` signs the other two and nothing else. */
export type IssuerName = 'root' | 'workloads' | 'public'
export type Hierarchy = Record<IssuerName, Issuer>

export type HierarchyOptions = {
  trustDomain: string
  publicSuffix: string | undefined
  keyType: KeyType | undefined
  now: number
  rootMs: number
  intermediateMs: number
  backdateMs: number
  crlUrl: (issuer: IssuerName) => string
}

/** Random, positive, 128 bits, as lower-case hex of 32 digits: unique without a counter that a crash could repeat. */
export const newSerial = (): string => {
  const bytes = randomBytes(16)
  bytes[0] = (bytes[0]! & 0x3f) | 0x40
  return bytes.toString('hex')
}

/** Makes a root and its two issuing intermediates, or new intermediates below a root that is there. */
export const createHierarchy = (options: HierarchyOptions, present?: Issuer): Hierarchy => {
  const { trustDomain, publicSuffix, now, backdateMs, rootMs, intermediateMs } = options
  const spiffe = subjectAltName([{ uri: `spiffe://${trustDomain}` }], false)
  const notBefore = now - backdateMs
  const root =
    present ??
    createCa({
      ...options,
      name: 'root',
      notBefore,
      notAfter: now + rootMs,
      extensions: [basicConstraints({}), spiffe],
    })

  const below = { ...options, parent: root, notBefore, notAfter: Math.min(now + intermediateMs, root.notAfter) }
  const fixed = [basicConstraints({ pathLength: 0 }), crlDistributionPoint(options.crlUrl('root'))]
  const workloads = createCa({
    ...below,
    name: 'workloads',
    extensions: [...fixed, spiffe, extendedKeyUsage('serverAuth', 'clientAuth'), workloadNames(trustDomain)],
  })
  const publicNames = createCa({
    ...below,
    name: 'public',
    extensions: [...fixed, extendedKeyUsage('serverAuth'), dnsNames(publicSuffix)],
  })
  return { root, workloads, public: publicNames }
}

type CaOptions = Pick<HierarchyOptions, 'trustDomain' | 'keyType'> &
  Pick<CertificateSpec, 'notBefore' | 'notAfter' | 'extensions'> & { name: string; parent?: Signer }

/** One CA certificate with a new key. Its name carries the key, so that two roots of one trust domain are told apart. */
export const createCa = ({
  trustDomain,
  name,
  keyType,
  parent,
  notBefore,
  notAfter,
  extensions,
}: CaOptions): Issuer => {
  const { privateKey, publicKey } = generateKey(keyType)
  const id = keyIdentifier(spkiOf(publicKey))
  const commonName = `${trustDomain.slice(0, 40)} ${name} ${id.toString('hex').slice(0, 8)}`
  const subject = distinguishedName({ organization: 'Hop by Hop', commonName })
  const signer = parent ?? { name: subject, keyIdentifier: id, privateKey }
  const all = [keyUsage('keyCertSign', 'cRLSign'), ...extensions]
  return issuerOf(
    signCertificate({ serial: newSerial(), signer, subject, publicKey, notBefore, notAfter, extensions: all }),
    privateKey,
  )
}

// A form of name cannot be forbidden as such. Excluding the empty tree does it for DNS, IP and directory names;
// for URI and e-mail OpenSSL reads an empty tree as no tree, so they are allowed for a host that cannot be (RFC 2606).
const noAddresses: GeneralName[] = [{ ip: Buffer.alloc(8) }, { ip: Buffer.alloc(32) }]
const nobody = 'invalid'

const workloadNames = (trustDomain: string): Extension => {
  const excluded = [{ dns: '' }, ...noAddresses, { directory: distinguishedName({}) }]
  return nameConstraints([{ uri: trustDomain }, { email: nobody }], excluded)
}

const dnsNames = (suffix: string | undefined): Extension => {
  const permitted = [{ uri: nobody }, { email: nobody }, ...(suffix === undefined ? [] : [{ dns: suffix }])]
  return nameConstraints(permitted, noAddresses)
}
