import type { KeyObject } from 'node:crypto'
import type { Authority, Issued as Made } from '../../../pki/authority.ts'
import type { RevocationReason } from '../../../pki/crl.ts'
import { HopError } from '../../../pki/error.ts'
import { generateKey, privateKeyPem } from '../../../pki/keys.ts'
import { certifyProfile } from '../../../pki/profiles.ts'
import { spiffeId } from '../../../pki/spiffe.ts'
import type { TrustMessage } from '../../chassis/control-protocol.ts'
import type { KeyPair, Trust } from '../../chassis/tls-options.ts'
import type { Topology } from '../../topology/topology.ts'
import type { Issued, Revoked } from '../state/ledger.ts'
import type { Store } from '../state/store.ts'
import { publicCsr, workloadCsr } from './csr-asks.ts'
import { checkFaults } from './faults.ts'

/** What comes back from enrolment and renewal: a chain (PEM, leaf first) and whom to trust. */
export type Grant = { chain: string; notAfter: string } & Trust

/** The authority at the service of the API: decides who gets which certificate, and remembers each. */
export type Issuer = {
  /** For the bearer of a join token. Throws `workload-unknown`, `join-token-…`, `csr-…`; a refused CSR leaves the token unused. */
  enrol(token: string, csr: string, workload: string): Grant
  /** For a workload that proved itself; a new key is welcome. */
  renew(workload: string, csr: string): Grant
  /** For a public name the workload must hold now. Throws `public-name-not-yours`. */
  publicName(dnsName: string, csr: string, mayHold: readonly string[]): Grant
  /**
   * A certificate in a workload's name that nobody may accept, for a key that stays where it was made: an experiment's.
   * Recorded like any other, so it can be revoked. Throws `faults-invalid`, `csr-…`.
   */
  faulty(workload: string, csr: string, kinds: readonly string[]): { chain: string; serial: string }
  /** A certificate for the control plane itself, with a key that stays in memory. */
  own(): KeyPair
  /** Returns the serials. Throws `nothing-to-revoke`. */
  revoke(what: Revocable, reason: RevocationReason): string[]
  isRevoked(serial: string): boolean
  /** Bundle and current CRLs. */
  trust(): Trust
  /** The same as workloads are told. */
  trustMessage(): TrustMessage
  /** CRLs made anew, with a new number: after a revocation, and before the old ones run out. */
  renewCrl(): Trust
}

/** A certificate by its serial, or all that are live by their SPIFFE ID or DNS name. */
export type Revocable = { serial?: string | undefined; id?: string | undefined }

/** Milliseconds. */
export type Lifetimes = {
  workloadMs: number
  publicMs: number
  joinTokenMs: number
  crlMs: number
}

/** The workload name that stands for the control plane in its own SPIFFE ID; no topology may use it. */
export const controlName = 'control'

type IssuerOptions = {
  store: Store
  authority: Authority
  topology: Topology
  clock: () => number
  lifetimes: Lifetimes
}

export const createIssuer = ({ store, authority, topology, clock, lifetimes }: IssuerOptions): Issuer => {
  const { ledger, tokens } = store
  let crl: string[] = []

  const trust = (): Trust => ({ bundle: authority.trustBundle(), crl })

  const renewCrl = (): Trust => {
    crl = authority.crls({ revoked: ledger.revoked().map(withIssuer), number: ledger.nextCrlNumber() })
    return trust()
  }

  /** A serial and its row are on disk before the certificate leaves; `first` is part of the same commit. */
  const issue = (kind: Issued['kind'], name: string, publicKey: KeyObject, first: () => void = () => {}) =>
    store.transaction(() => {
      first()
      const lifetimeMs = kind === 'workload' ? lifetimes.workloadMs : lifetimes.publicMs
      const serial = unusedSerial()
      const made =
        kind === 'workload'
          ? authority.issueWorkload({ id: name, publicKey, lifetimeMs, serial })
          : authority.issuePublic({ dnsName: name, publicKey, lifetimeMs, serial })
      ledger.record({ serial: made.serial, kind, name, at: clock(), notAfter: made.notAfter })
      return made
    })

  const unusedSerial = (): string => {
    const serial = authority.newSerial()
    return ledger.has(serial) ? unusedSerial() : serial
  }

  const grant = ({ chain, notAfter }: Made): Grant => ({
    chain,
    notAfter: new Date(notAfter).toISOString(),
    ...trust(),
  })

  renewCrl()
  return {
    enrol(token, csr, workload) {
      if (!Object.hasOwn(topology.workloads, workload))
        throw new HopError('workload-unknown', {
          field: 'workload',
          expected: Object.keys(topology.workloads).join(', '),
          found: JSON.stringify(workload.slice(0, 80)),
          remedy: 'Use a name of the topology',
        })
      tokens.look(token, workload)
      const id = spiffeId(topology.trustDomain, workload)
      const { publicKey } = workloadCsr(csr, id, workload)
      return grant(issue('workload', id, publicKey, () => tokens.consume(token, workload)))
    },
    renew(workload, csr) {
      const id = spiffeId(topology.trustDomain, workload)
      return grant(issue('workload', id, workloadCsr(csr, id, workload).publicKey))
    },
    publicName(dnsName, csr, mayHold) {
      if (!mayHold.includes(dnsName))
        throw new HopError('public-name-not-yours', {
          field: 'dnsName',
          expected: mayHold.join(', ') || 'no public name at all',
          found: JSON.stringify(dnsName.slice(0, 255)),
          remedy: 'Wait for a desired state that names it',
        })
      return grant(issue('public', dnsName, publicCsr(csr, dnsName).publicKey))
    },
    faulty(workload, csr, kinds) {
      checkFaults(kinds)
      const id = spiffeId(topology.trustDomain, workload)
      const { publicKey } = workloadCsr(csr, id, workload)
      return store.transaction(() => {
        const made = certifyProfile(authority, kinds, { id, publicKey, serial: unusedSerial() })
        ledger.record({ serial: made.serial, kind: 'workload', name: id, at: clock(), notAfter: made.notAfter })
        return { chain: made.chain, serial: made.serial }
      })
    },
    own() {
      const { privateKey, publicKey } = generateKey()
      const { chain } = issue('workload', spiffeId(topology.trustDomain, controlName), publicKey)
      return { key: privateKeyPem(privateKey), chain }
    },
    revoke({ serial, id = '' }, reason) {
      const given =
        serial === undefined ? ledger.live(id, clock()) : [ledger.find(serial)].flatMap(known => known?.serial ?? [])
      if (given.length === 0)
        throw new HopError('nothing-to-revoke', {
          field: serial === undefined ? 'id' : 'serial',
          expected: 'a certificate issued here and still valid',
          found: serial ?? id,
        })
      ledger.revoke(given, clock(), reason)
      renewCrl()
      return given
    },
    isRevoked: ledger.isRevoked,
    trustMessage: () => ({ type: 'trust', ...trust(), revoked: ledger.revoked().map(({ serial }) => serial) }),
    trust,
    renewCrl,
  }
}

const withIssuer = ({ serial, at, reason, kind }: Revoked) => ({
  serial,
  at,
  reason,
  issuer: kind === 'public' ? ('public' as const) : ('workloads' as const),
})
