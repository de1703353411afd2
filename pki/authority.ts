import type { KeyObject } from 'node:crypto'
import { type CertificateSpec, signCertificate } from './certificate.ts'
import { buildCrl, type Revoked } from './crl.ts'
import { checkDnsName } from './dns-name.ts'
import { HopError } from './error.ts'
import { basicConstraints, crlDistributionPoint, extendedKeyUsage, keyUsage, subjectAltName } from './extensions.ts'
import { createHierarchy, type Hierarchy, type IssuerName, newSerial } from './hierarchy.ts'
import { type Issuer, type IssuerState, issuerState, openIssuer } from './issuer.ts'
import { assertStrongKey, type KeyType } from './keys.ts'
import { distinguishedName } from './names.ts'
import { toPem } from './pem.ts'
import { checkTrustDomain, parseSpiffeId } from './spiffe.ts'

export type AuthorityOptions = {
  trustDomain: string
  /** DNS suffix public names must end in. Without it the public intermediate may certify any DNS name. */
  publicSuffix?: string
  /** Milliseconds since 1970. The only time the authority knows. */
  clock: () => number
  /** Of the CAs. Leaves bring their own keys. */
  keyType?: KeyType
  lifetimes?: Partial<Lifetimes>
  /** Where CRLs are published: `<crlUrl>/root.crl`, `/workloads.crl`, `/public.crl`. Named in certificates, fetched by nobody here. */
  crlUrl?: string
}

/** Milliseconds. `backdateMs` forgives clocks that are a little behind. */
export type Lifetimes = { rootMs: number; intermediateMs: number; crlMs: number; backdateMs: number }

/** What {@link openAuthority} needs back. Holds the private keys in clear: the keeper's file must be its owner's alone. */
export type AuthorityState = { version: 1 } & Record<IssuerName, IssuerState>

export type LeafRequest = { publicKey: KeyObject; lifetimeMs: number; serial: string }
/** Leaf and intermediate as PEM, leaf first; times in milliseconds; `serial` in lower-case hex. */
export type Issued = { chain: string; serial: string; notBefore: number; notAfter: number }

/** A revoked serial, and who issued it where that is known; else it is listed by both intermediates. */
export type RevokedBy = Revoked & { issuer?: IssuerName }

/** The CA: it decides what certificates say. Whether somebody may have one was decided before it is asked. */
export type Authority = {
  trustDomain: string
  clock: () => number
  /** A new serial. The caller keeps it before use, so that no crash can lose or repeat one. */
  newSerial: () => string
  /** The roots, one PEM each: what everybody trusts. */
  trustBundle: () => string[]
  /** Certificates of the CAs, PEM. */
  certificates: () => Record<IssuerName, string>
  /** An X.509-SVID. @throws HopError `spiffe-id-…`, `id-not-issuable`, `key-…`, `serial`, `lifetime`, `issuer-expired` */
  issueWorkload: (request: LeafRequest & { id: string }) => Issued
  /** A server certificate for one DNS name. @throws HopError `dns-name`, `key-…`, `serial`, `lifetime`, `issuer-expired` */
  issuePublic: (request: LeafRequest & { dnsName: string }) => Issued
  /** The CRLs of root, workloads and public, in that order, PEM. Node checks whole chains and reads one list per item. */
  crls: (lists: { revoked: RevokedBy[]; number: number; lifetimeMs?: number }) => string[]
  exportState: () => AuthorityState
}

const day = 24 * 3600_000
const defaults: Lifetimes = { rootMs: 365 * day, intermediateMs: 90 * day, crlMs: day, backdateMs: 60_000 }

/** Makes a new authority: new keys, a root, two intermediates. @throws HopError `spiffe-id-trust-domain`, `dns-name` */
export const createAuthority = (options: AuthorityOptions): Authority => {
  checkTrustDomain(options.trustDomain)
  if (options.publicSuffix !== undefined) checkDnsName(options.publicSuffix)
  const { trustDomain, publicSuffix, keyType, clock } = options
  const lifetimes = { ...defaults, ...options.lifetimes }
  const shape = { trustDomain, publicSuffix, keyType, now: clock(), crlUrl: crlUrls(options), ...lifetimes }
  return authorityOver(createHierarchy(shape), options)
}

/** An authority as it was when {@link Authority.exportState} was called. @throws HopError `authority-state` */
export const openAuthority = (state: AuthorityState, options: AuthorityOptions): Authority => {
  if (state?.version !== 1) {
    throw new HopError('authority-state', { field: 'version', expected: '1', found: `${state?.version}` })
  }
  const open = (name: IssuerName) => openIssuer(state[name], name)
  return authorityOver({ root: open('root'), workloads: open('workloads'), public: open('public') }, options)
}

const authorityOver = (hierarchy: Hierarchy, options: AuthorityOptions): Authority => {
  const { trustDomain, clock } = options
  const { backdateMs, crlMs } = { ...defaults, ...options.lifetimes }
  const crlUrl = crlUrls(options)

  const issue = (
    from: IssuerName,
    request: LeafRequest,
    leaf: Pick<CertificateSpec, 'subject' | 'extensions'>,
  ): Issued => {
    const { publicKey, serial } = checkRequest(request)
    const signer = hierarchy[from]
    const validity = leafValidity(signer, clock(), backdateMs, request.lifetimeMs)
    const extensions = [basicConstraints(false), ...leaf.extensions, crlDistributionPoint(crlUrl(from))]
    const der = signCertificate({ serial, signer, publicKey, ...validity, subject: leaf.subject, extensions })
    return { chain: toPem('CERTIFICATE', der) + signer.certificate, serial, ...validity }
  }

  return {
    trustDomain,
    clock,
    newSerial,
    trustBundle: () => [hierarchy.root.certificate],
    certificates: () => each(hierarchy, issuer => issuer.certificate),
    issueWorkload: request => {
      const { trustDomain: domain, path } = parseSpiffeId(request.id)
      if (domain !== trustDomain || path === '') {
        throw fault('id-not-issuable', 'SPIFFE ID', `spiffe://${trustDomain}/…`, request.id)
      }
      const san = subjectAltName([{ uri: request.id }], true)
      const extensions = [keyUsage('digitalSignature'), extendedKeyUsage('serverAuth', 'clientAuth'), san]
      return issue('workloads', request, { subject: distinguishedName({}), extensions })
    },
    issuePublic: request => {
      checkDnsName(request.dnsName, options.publicSuffix)
      const san = subjectAltName([{ dns: request.dnsName }], true)
      const extensions = [keyUsage('digitalSignature'), extendedKeyUsage('serverAuth'), san]
      return issue('public', request, { subject: distinguishedName({}), extensions })
    },
    crls: ({ revoked, number, lifetimeMs = crlMs }) => {
      const thisUpdate = clock() - backdateMs
      const nextUpdate = clock() + lifetimeMs
      const listed = (by: IssuerName) => revoked.filter(({ issuer }) => (issuer ? issuer === by : by !== 'root'))
      const lists = each(hierarchy, (issuer, name) =>
        buildCrl({ issuer, number, revoked: listed(name), thisUpdate, nextUpdate }),
      )
      return [lists.root, lists.workloads, lists.public]
    },
    exportState: () => ({ version: 1, ...each(hierarchy, issuerState) }),
  }
}

const each = <T>({ root, workloads, public: names }: Hierarchy, of: (issuer: Issuer, name: IssuerName) => T) => ({
  root: of(root, 'root'),
  workloads: of(workloads, 'workloads'),
  public: of(names, 'public'),
})

const crlUrls =
  ({ crlUrl, trustDomain }: AuthorityOptions) =>
  (issuer: IssuerName): string =>
    `${crlUrl ?? `http://crl.${trustDomain}`}/${issuer}.crl`

const checkRequest = (request: LeafRequest): LeafRequest => {
  assertStrongKey(request.publicKey)
  if (!/^[1-7][0-9a-f]{31}$/.test(request.serial)) {
    throw fault('serial', 'serial', '32 hex digits from newSerial()', request.serial)
  }
  return request
}

const leafValidity = (issuer: Issuer, now: number, backdateMs: number, lifetimeMs: number) => {
  if (!(lifetimeMs >= 1000)) throw fault('lifetime', 'lifetimeMs', 'a second or more', `${lifetimeMs}`)
  if (now >= issuer.notAfter || now < issuer.notBefore) {
    throw fault('issuer-expired', 'clock', `${iso(issuer.notBefore)} to ${iso(issuer.notAfter)}`, iso(now))
  }
  const wholeSeconds = (ms: number) => Math.floor(ms / 1000) * 1000
  return {
    notBefore: Math.max(wholeSeconds(now - backdateMs), issuer.notBefore),
    notAfter: Math.min(wholeSeconds(now + lifetimeMs), issuer.notAfter),
  }
}

const iso = (ms: number): string => new Date(ms).toISOString()

const fault = (code: string, field: string, expected: string, found: string): HopError =>
  new HopError(code, { field, expected, found: JSON.stringify(`${found}`.slice(0, 200)) })
