import { sign, X509Certificate } from 'node:crypto'
import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls'
import { isDeepStrictEqual } from 'node:util'
import { HopError } from '../../pki/error.ts'
import { splitPem } from '../../pki/pem.ts'
import { readSvid } from '../../pki/svid.ts'
import { checkPair, heldAs, loadable } from './credential-checks.ts'
import type { TlsPolicy } from './desired.ts'
import type { HeldCertificate } from './observation.ts'
import {
  clientContextOptions,
  type KeyPair,
  publicContextOptions,
  type Trust,
  workloadContextOptions,
} from './tls-options.ts'
import { usualTls } from './tls-suites.ts'
import { sameTrust, type TrustHeld, takeTrust } from './trust-held.ts'

/** What comes with a certificate: its epoch (see `CertificatePolicy`), and for how long it was issued, whatever a clock says. */
export type Granted = { epoch: number; lifetimeMs?: number }

const unsaid: Granted = { epoch: 0 }

/** Read side: contexts built once per generation and shared by every connection of it. */
export type Credentials = {
  /** Grows whenever anything was replaced. A connection made under an older generation no longer proves what it did. */
  generation(): number
  /** The identity held, or undefined before enrolment. */
  id(): string | undefined
  trust(): Trust
  /** The same as it was read. */
  trustHeld(): TrustHeld
  /** Those given out with the trust, and those of the chains this workload was given lately, newest first. */
  intermediates(): readonly X509Certificate[]
  /** What a listener shows when no public name was asked for. Throws `not-enrolled` while there is nothing to show. */
  serverOptions(publicOnly: boolean): SecureContextOptions
  /** Listener's context for a public name, undefined when this workload does not hold it. */
  publicServer(serverName: string): SecureContext | undefined
  /**
   * Caller's context: with our certificate under `mtls`, without under `tls`. `toControl`: OpenSSL is given no lists, because
   * one that has run out must not keep its successor away.
   */
  client(prove: boolean, toControl?: boolean): SecureContext
  held(): HeldCertificate[]
  /** What was said when a held certificate was issued; undefined where none is held. */
  grantOf(kind: HeldCertificate['kind'], name: string): Granted | undefined
  /** Kind of key (`node:crypto`: `ec`, `rsa`) of a public name's certificate; undefined where none is held. */
  publicKeyType(name: string): string | undefined
  /** Signs with the workload's own key (ES256, RFC 7518 §3.4); the chain, PEM, shows whose that is. Throws `not-enrolled`. */
  proof(): { chain: string; sign(bytes: Buffer): Buffer }
}

/** Write side: only enrolment and renewal hold it. Each call either takes effect whole or throws and changes nothing. */
export type CredentialStore = Credentials & {
  setWorkload(pair: KeyPair, granted?: Granted): void
  setPublic(name: string, pair: KeyPair, granted?: Granted): void
  dropPublic(name: string): void
  /** True where what was judged before was judged by other trust. Throws what `takeTrust` throws. */
  setTrust(trust: Trust): boolean
  /** What listeners towards the public negotiate from now on. */
  setTls(policy: TlsPolicy): void
  /** From now on nothing that was judged counts: the clock it was judged by was another. */
  outdate(): void
}

export type CredentialOptions = {
  trust: Trust
  /** SPIFFE ID of who these are for; absent: whoever the first certificate names. */
  id?: string
  clock?: () => number
}

type Kept = { pair: KeyPair; held: HeldCertificate; granted: Granted }

type State = {
  workload: (Kept & { id: string }) | undefined
  publics: Map<string, Kept & { server: SecureContext; keyType: string | undefined }>
  trust: TrustHeld
  intermediates: X509Certificate[]
  clients: Map<string, SecureContext>
}

/** Those for workloads and for the public; peers that renewed earlier or later have theirs from a CA before or after. */
const intermediatesKept = 8

/**
 * Holds credentials and swaps them live. A replacement that would not work (key and certificate do not belong
 * together, already expired, not an SVID, unreadable bundle or CRL) is refused and the old one keeps serving:
 * `setSecureContext` alone would accept an expired certificate or a garbage bundle silently.
 */
export const createCredentials = (options: CredentialOptions): CredentialStore => {
  const clock = options.clock ?? Date.now
  let generation = 0
  let tls = usualTls
  const state: State = {
    workload: undefined,
    publics: new Map(),
    trust: takeTrust(options.trust, undefined, clock()),
    intermediates: [],
    clients: new Map(),
  }

  const workload = () => {
    if (!state.workload) throw notEnrolled()
    return state.workload
  }
  const replaced = () => {
    state.clients.clear()
    generation++
  }
  // OpenSSL refuses every chain of which one list is missing or has run out; soft-fail is judged by `inspection.ts` alone
  const enforced = (lists = true): Trust => {
    const { trust } = state.trust
    return lists && trust.revocation !== 'soft-fail' ? trust : { ...trust, crl: [] }
  }
  const learn = ({ chain }: KeyPair) => {
    const seen = splitPem(chain)
      .slice(1)
      .map(pem => new X509Certificate(pem))
    const others = state.intermediates.filter(old => !seen.some(one => one.fingerprint256 === old.fingerprint256))
    state.intermediates = [...seen, ...others].slice(0, intermediatesKept)
  }

  return {
    generation: () => generation,
    id: () => state.workload?.id,
    trust: () => state.trust.trust,
    trustHeld: () => state.trust,
    intermediates: () => [...state.trust.intermediates, ...state.intermediates],
    serverOptions(publicOnly) {
      if (!publicOnly) return workloadContextOptions(enforced(), workload().pair)
      const [first] = state.publics.values()
      if (!first) throw notEnrolled()
      return publicContextOptions(first.pair, tls)
    },
    publicServer: name => state.publics.get(name.toLowerCase())?.server,
    client(prove, toControl = false) {
      const which = `${prove} ${toControl}`
      const ready = state.clients.get(which)
      if (ready) return ready
      const trust = enforced(!toControl)
      const context = createSecureContext(clientContextOptions(trust, prove ? workload().pair : undefined))
      state.clients.set(which, context)
      return context
    },
    proof() {
      const { key, chain } = workload().pair
      return { chain, sign: bytes => sign('sha256', bytes, { key, dsaEncoding: 'ieee-p1363' }) }
    },
    held: () => [...(state.workload ? [state.workload.held] : []), ...[...state.publics.values()].map(p => p.held)],
    grantOf: (kind, name) => (kind === 'workload' ? state.workload : state.publics.get(name.toLowerCase()))?.granted,
    publicKeyType: name => state.publics.get(name.toLowerCase())?.keyType,

    setWorkload(pair, granted = unsaid) {
      const leaf = checkPair(pair, clock())
      const { id } = readSvid(leaf)
      const own = options.id ?? state.workload?.id ?? id
      if (id !== own) throw new HopError('wrong-identity', { field: 'certificate', expected: own, found: id })
      loadable('certificate', () => createSecureContext(workloadContextOptions(enforced(), pair)))
      loadable('certificate', () => learn(pair))
      state.workload = { pair, granted, id, held: heldAs('workload', id, leaf) }
      replaced()
    },
    setPublic(name, pair, granted = unsaid) {
      const leaf = checkPair(pair, clock())
      if (!leaf.checkHost(name))
        throw new HopError('wrong-name', { field: 'certificate', expected: name, found: leaf.subjectAltName ?? 'none' })
      const server = loadable('certificate', () => createSecureContext(publicContextOptions(pair, tls)))
      loadable('certificate', () => learn(pair))
      const keyType = leaf.publicKey.asymmetricKeyType
      state.publics.set(name.toLowerCase(), { pair, granted, held: heldAs('public', name, leaf), server, keyType })
      generation++
    },
    dropPublic(name) {
      if (state.publics.delete(name.toLowerCase())) generation++
    },
    setTrust(trust) {
      const before = state.trust
      state.trust = takeTrust(trust, before, clock())
      const changed = !sameTrust(before.trust, trust)
      if (changed) replaced()
      return changed
    },
    setTls(policy) {
      if (isDeepStrictEqual(policy, tls)) return
      const rebuilt = [...state.publics].map(([name, held]) => {
        const server = loadable('tls', () => createSecureContext(publicContextOptions(held.pair, policy)))
        return [name, { ...held, server }] as const
      })
      state.publics = new Map(rebuilt)
      tls = policy
      generation++
    },
    outdate: replaced,
  }
}

const notEnrolled = () => new HopError('not-enrolled', { message: 'this workload has no certificate yet' })
