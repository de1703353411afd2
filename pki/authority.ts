import { type CertificateSpec, signCertificate } from './certificate.ts'
import { buildCrl, type Revoked } from './crl.ts'
import { checkDnsName } from './dns-name.ts'
import { basicConstraints, crlDistributionPoint, extendedKeyUsage, keyUsage, subjectAltName } from './extensions.ts'
import {
  type CaInfo,
  type CrlScope,
  caInfos,
  type GenerationInfo,
  generationInfos,
  intermediatesOf,
  listedCas,
  rootsOf,
} from './generation-lists.ts'
import {
  type AuthorityState,
  arranged,
  caId,
  exportGenerations,
  type FirstAuthorityState,
  type Generation,
  type Generations,
  generationId,
  openGenerations,
  signing,
  supersededBelow,
  without,
} from './generations.ts'
import { createHierarchy, defaultLifetimes, type IssuerName, type Lifetimes, newSerial } from './hierarchy.ts'
import type { KeyType } from './keys.ts'
import { checkRequest, fault, type LeafRequest, leafValidity } from './leaf-request.ts'
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

export type { CaInfo, GenerationInfo } from './generation-lists.ts'
export type { AuthorityState, FirstAuthorityState } from './generations.ts'
export type { Lifetimes } from './hierarchy.ts'
export type { LeafRequest } from './leaf-request.ts'

/** Leaf and intermediate as PEM, leaf first; times in milliseconds; `serial` in lower-case hex; `issuer`: its CA's id. */
export type Issued = { chain: string; serial: string; notBefore: number; notAfter: number; issuer: string }

/** A revoked serial, and who issued it where that is known (a kind of CA, or a CA's id); else every intermediate lists it. */
export type RevokedBy = Revoked & { issuer?: string }

/** The CA: it decides what certificates say. Whether somebody may have one was decided before it is asked. */
export type Authority = {
  trustDomain: string
  clock: () => number
  /** A new serial. The caller keeps it before use, so that no crash can lose or repeat one. */
  newSerial: () => string
  /** The trusted roots, one PEM each: what everybody trusts. `all`: those too that are not trusted yet, or any more. */
  trustBundle: (all?: 'all') => string[]
  /** The CAs below them whose workloads are trusted, PEM: a listener is told by nobody which of them a caller has his from. */
  intermediates: () => string[]
  /** Certificates of the CAs that sign, PEM. */
  certificates: () => Record<IssuerName, string>
  /** An X.509-SVID. @throws HopError `spiffe-id-…`, `id-not-issuable`, `key-…`, `serial`, `lifetime`, `issuer-expired` */
  issueWorkload: (request: LeafRequest & { id: string }) => Issued
  /** A server certificate for one DNS name. @throws HopError `dns-name`, `key-…`, `serial`, `lifetime`, `issuer-expired` */
  issuePublic: (request: LeafRequest & { dnsName: string }) => Issued
  /**
   * The CRLs of root, workloads and public, in that order for each generation, PEM. Node checks whole chains and reads
   * one list per item.
   */
  crls: (lists: { revoked: RevokedBy[]; number: number; lifetimeMs?: number; of?: CrlScope }) => string[]
  /** Oldest first. */
  generations: () => GenerationInfo[]
  cas: () => CaInfo[]
  /** Makes new CAs, under a new root or the one that signs. They are neither trusted nor do they sign. Returns their id. */
  add: (what: 'root' | 'intermediate') => string
  /** Says what becomes of generations; those not named sign nothing and are not trusted. */
  arrange: (signs: string, trusted: readonly string[]) => void
  /**
   * Gives up a generation's keys for good. What is left: its root's list names its CAs until they have run out.
   * @throws HopError `generation-in-use`
   */
  forget: (id: string) => void
  exportState: () => AuthorityState
  /** Takes back everything since {@link Authority.exportState} was called. */
  restore: (state: AuthorityState) => void
}

/** Makes a new authority: new keys, a root, two intermediates. @throws HopError `spiffe-id-trust-domain`, `dns-name` */
export const createAuthority = (options: AuthorityOptions): Authority => {
  checkTrustDomain(options.trustDomain)
  if (options.publicSuffix !== undefined) checkDnsName(options.publicSuffix)
  const cas = createHierarchy(shapeOf(options))
  return authorityOver({ all: [{ cas, trusted: true, signs: true }], superseded: [] }, options)
}

const shapeOf = (options: AuthorityOptions) => {
  const { trustDomain, publicSuffix, keyType, clock } = options
  const lifetimes = { ...defaultLifetimes, ...options.lifetimes }
  return { trustDomain, publicSuffix, keyType, now: clock(), crlUrl: crlUrls(options), ...lifetimes }
}

/** An authority as it was when {@link Authority.exportState} was called. @throws HopError `authority-state` */
export const openAuthority = (state: AuthorityState | FirstAuthorityState, options: AuthorityOptions): Authority =>
  authorityOver(openGenerations(state), options)

const authorityOver = (opened: Generations, options: AuthorityOptions): Authority => {
  const { trustDomain, clock } = options
  const { backdateMs, crlMs } = { ...defaultLifetimes, ...options.lifetimes }
  const crlUrl = crlUrls(options)
  let held = opened

  const named = (id: string | undefined): Generation => {
    const found = id === undefined ? signing(held) : held.all.find(generation => generationId(generation) === id)
    if (!found) throw fault('generation-unknown', 'generation', held.all.map(generationId).join(', '), `${id}`)
    return found
  }

  const issue = (
    from: IssuerName,
    request: LeafRequest,
    leaf: Pick<CertificateSpec, 'subject' | 'extensions'>,
  ): Issued => {
    const { publicKey, serial } = checkRequest(request)
    const signer = named(request.from).cas[from]
    const validity = leafValidity(signer, clock(), backdateMs, request)
    const extensions = [basicConstraints(false), ...leaf.extensions, crlDistributionPoint(crlUrl(from))]
    const der = signCertificate({ serial, signer, publicKey, ...validity, subject: leaf.subject, extensions })
    return { chain: toPem('CERTIFICATE', der) + signer.certificate, serial, issuer: caId(signer), ...validity }
  }

  return {
    trustDomain,
    clock,
    newSerial,
    trustBundle: all => rootsOf(held, all === 'all').map(root => root.certificate),
    intermediates: () => intermediatesOf(held),
    certificates: () => {
      const { root, workloads, public: names } = signing(held).cas
      return { root: root.certificate, workloads: workloads.certificate, public: names.certificate }
    },
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
    crls: ({ revoked, number, lifetimeMs = crlMs, of = 'given-out' }) => {
      const now = clock()
      const times = { thisUpdate: now - backdateMs, nextUpdate: now + lifetimeMs }
      return listedCas(held, of).map(({ kind, issuer }) => {
        const below = kind === 'root' ? supersededBelow(held, issuer, now, of === 'given-out') : []
        const own = revoked.filter(({ issuer: by }) => (by ? by === kind || by === caId(issuer) : kind !== 'root'))
        return buildCrl({ issuer, number, revoked: [...below, ...own], ...times })
      })
    },
    generations: () => generationInfos(held),
    cas: () => caInfos(held),
    add: what => {
      const cas = createHierarchy(shapeOf(options), what === 'root' ? undefined : signing(held).cas.root)
      const made: Generation = { cas, trusted: false, signs: false }
      held = { ...held, all: [...held.all, made] }
      return generationId(made)
    },
    arrange: (signs, trusted) => {
      for (const id of [signs, ...trusted]) named(id)
      held = arranged(held, signs, trusted, clock())
    },
    forget: id => {
      held = without(held, named(id), clock())
    },
    exportState: () => exportGenerations(held),
    restore: state => {
      held = openGenerations(state)
    },
  }
}

const crlUrls =
  ({ crlUrl, trustDomain }: AuthorityOptions) =>
  (issuer: IssuerName): string =>
    `${crlUrl ?? `http://crl.${trustDomain}`}/${issuer}.crl`
