import { createPrivateKey, sign, X509Certificate } from 'node:crypto'
import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls'
import { HopError } from '../../pki/error.ts'
import { spkiHash } from '../../pki/keys.ts'
import { readSvid } from '../../pki/svid.ts'
import type { HeldCertificate } from './observation.ts'
import {
  clientContextOptions,
  type KeyPair,
  publicContextOptions,
  type Trust,
  workloadContextOptions,
} from './tls-options.ts'

/** Read side: contexts built once per generation and shared by every connection of it. */
export type Credentials = {
  /** Grows whenever anything was replaced. A connection made under an older generation no longer proves what it did. */
  generation(): number
  /** The identity held, or undefined before enrolment. */
  id(): string | undefined
  trust(): Trust
  /** What a listener shows when no public name was asked for. Throws `not-enrolled` while there is nothing to show. */
  serverOptions(publicOnly: boolean): SecureContextOptions
  /** Listener's context for a public name, undefined when this workload does not hold it. */
  publicServer(serverName: string): SecureContext | undefined
  /** Caller's context: with our certificate under `mtls`, without under `tls`. */
  client(prove: boolean): SecureContext
  held(): HeldCertificate[]
  /** Signs with the workload's own key (ES256, RFC 7518 §3.4); the chain, PEM, shows whose that is. Throws `not-enrolled`. */
  proof(): { chain: string; sign(bytes: Buffer): Buffer }
}

/** Write side: only enrolment and renewal hold it. Each call either takes effect whole or throws and changes nothing. */
export type CredentialStore = Credentials & {
  setWorkload(pair: KeyPair): void
  setPublic(name: string, pair: KeyPair): void
  dropPublic(name: string): void
  setTrust(trust: Trust): void
}

type State = {
  workload: { pair: KeyPair; id: string; held: HeldCertificate } | undefined
  publics: Map<string, { pair: KeyPair; held: HeldCertificate; server: SecureContext }>
  trust: Trust
  clients: Map<boolean, SecureContext>
}

/**
 * Holds credentials and swaps them live. A replacement that would not work (key and certificate do not belong
 * together, already expired, not an SVID, unreadable bundle or CRL) is refused and the old one keeps serving:
 * `setSecureContext` alone would accept an expired certificate or a garbage bundle silently.
 */
export const createCredentials = (options: { trust: Trust; clock?: () => number }): CredentialStore => {
  const clock = options.clock ?? Date.now
  let generation = 0
  const state: State = { workload: undefined, publics: new Map(), trust: checkTrust(options.trust), clients: new Map() }

  const workload = () => {
    if (!state.workload) throw notEnrolled()
    return state.workload
  }
  const replaced = () => {
    state.clients.clear()
    generation++
  }

  return {
    generation: () => generation,
    id: () => state.workload?.id,
    trust: () => state.trust,
    serverOptions(publicOnly) {
      if (!publicOnly) return workloadContextOptions(state.trust, workload().pair)
      const [first] = state.publics.values()
      if (!first) throw notEnrolled()
      return publicContextOptions(first.pair)
    },
    publicServer: name => state.publics.get(name.toLowerCase())?.server,
    client(prove) {
      const ready = state.clients.get(prove)
      if (ready) return ready
      const context = createSecureContext(clientContextOptions(state.trust, prove ? workload().pair : undefined))
      state.clients.set(prove, context)
      return context
    },
    proof() {
      const { key, chain } = workload().pair
      return { chain, sign: bytes => sign('sha256', bytes, { key, dsaEncoding: 'ieee-p1363' }) }
    },
    held: () => [...(state.workload ? [state.workload.held] : []), ...[...state.publics.values()].map(p => p.held)],

    setWorkload(pair) {
      const leaf = checkPair(pair, clock())
      const { id } = readSvid(leaf)
      build('certificate', () => createSecureContext(workloadContextOptions(state.trust, pair)))
      state.workload = { pair, id, held: heldAs('workload', id, leaf) }
      replaced()
    },
    setPublic(name, pair) {
      const leaf = checkPair(pair, clock())
      if (!leaf.checkHost(name))
        throw new HopError('wrong-name', {
          field: 'certificate',
          expected: name,
          found: leaf.subjectAltName ?? 'no name',
        })
      const server = build('certificate', () => createSecureContext(publicContextOptions(pair)))
      state.publics.set(name.toLowerCase(), { pair, held: heldAs('public', name, leaf), server })
      generation++
    },
    dropPublic(name) {
      if (state.publics.delete(name.toLowerCase())) generation++
    },
    setTrust(trust) {
      state.trust = checkTrust(trust)
      replaced()
    },
  }
}

const notEnrolled = () => new HopError('not-enrolled', { message: 'this workload has no certificate yet' })

const build = <T>(field: string, make: () => T): T => {
  try {
    return make()
  } catch (cause) {
    throw new HopError('bad-credentials', {
      field,
      expected: 'something OpenSSL can load',
      found: String(cause),
      cause,
    })
  }
}

const checkPair = ({ key, chain }: KeyPair, now: number): X509Certificate => {
  const leaf = build('certificate', () => new X509Certificate(chain))
  if (!leaf.checkPrivateKey(build('key', () => createPrivateKey(key))))
    throw new HopError('key-mismatch', {
      field: 'certificate',
      expected: 'the public half of our key',
      found: 'another key',
    })
  if (leaf.validToDate.getTime() <= now)
    throw new HopError('certificate-expired', {
      field: 'certificate',
      expected: 'a certificate still valid',
      found: leaf.validTo,
    })
  return leaf
}

const checkTrust = (trust: Trust): Trust => {
  if (trust.bundle.length === 0)
    throw new HopError('bad-credentials', { field: 'bundle', expected: 'at least one root', found: 'none' })
  for (const pem of trust.bundle) {
    const root = build('bundle', () => new X509Certificate(pem))
    if (!root.ca)
      throw new HopError('bad-credentials', { field: 'bundle', expected: 'CA certificates', found: root.subject })
  }
  build('crl', () => createSecureContext({ ca: trust.bundle, crl: trust.crl }))
  return { bundle: [...trust.bundle], crl: [...trust.crl] }
}

const heldAs = (kind: HeldCertificate['kind'], name: string, leaf: X509Certificate): HeldCertificate => ({
  kind,
  name,
  key: spkiHash(leaf.publicKey),
  serial: leaf.serialNumber.toLowerCase(),
  notAfter: leaf.validToDate.toISOString(),
})
