import type { KeyObject } from 'node:crypto'
import type { Authority, LeafRequest, Issued as Made } from '../../../pki/authority.ts'
import type { RevocationReason } from '../../../pki/crl.ts'
import { HopError } from '../../../pki/error.ts'
import { generateKey, privateKeyPem } from '../../../pki/keys.ts'
import { certifyProfile } from '../../../pki/profiles.ts'
import { spiffeId } from '../../../pki/spiffe.ts'
import type { KeyPair, Trust } from '../../chassis/tls-options.ts'
import type { Topology } from '../../topology/topology.ts'
import type { Switches } from '../rollout/switches.ts'
import type { JoinTokens } from '../state/join-tokens.ts'
import type { Issued, IssuedBy } from '../state/ledger.ts'
import type { Store } from '../state/store.ts'
import { publicCsr, workloadCsr } from './csr-asks.ts'
import { checkFaults } from './faults.ts'

/** What comes back from enrolment and renewal: a chain (PEM, leaf first) and, to who is new, whom to trust. */
export type Grant = {
  chain: string
  notAfter: string
  /** See `CertificatePolicy`: the workload's epoch when this was issued. */
  epoch: number
  /** For how long it was issued: a workload whose clock is wrong renews in time all the same. */
  lifetimeMs: number
} & Partial<Trust>

/** The authority at the service of the API: decides who gets which certificate, and remembers each. */
export type Issuer = {
  /** For the bearer of a join token. Throws `workload-unknown`, `join-token-…`, `csr-…`; a refused CSR leaves the token unused. */
  enrol(token: string, csr: string, workload: string): Grant
  /** For a workload that proved itself; a new key is welcome. */
  renew(workload: string, csr: string): Grant
  /** For a public name the workload must hold now. Throws `public-name-not-yours`. */
  publicName(workload: string, dnsName: string, csr: string, mayHold: readonly string[]): Grant
  /**
   * A certificate in a workload's name that nobody may accept, for a key that stays where it was made: an experiment's.
   * Recorded like any other, so it can be revoked. Throws `faults-invalid`, `csr-…`.
   */
  faulty(workload: string, csr: string, kinds: readonly string[]): { chain: string; serial: string }
  /** A certificate for the control plane itself, with a key that stays in memory. */
  own(): KeyPair
  /** Returns the serials; nobody is told yet. All or none of several. Throws `nothing-to-revoke`, which names the unknown ones. */
  revoke(what: Revocable, reason: RevocationReason): string[]
  /** Why a certificate that was issued here does not count any more; undefined where it does. */
  standing(serial: string): 'revoked' | 'distrusted' | undefined
}

/** Certificates by their serials, or all that are live by their SPIFFE ID or DNS name. */
export type Revocable = { serials: readonly string[] } | { id: string }

/** Milliseconds. */
export type Lifetimes = {
  workloadMs: number
  publicMs: number
  joinTokenMs: number
  crlMs: number
}

/** The workload name that stands for the control plane in its own SPIFFE ID; no topology may use it. */
const controlName = 'control'

type IssuerOptions = {
  store: Store
  authority: Authority
  topology: Topology
  clock: () => number
  lifetimes: Lifetimes
  /** Who is let in. */
  tokens: Pick<JoinTokens, 'look' | 'consume'>
  /** What is given out to who enrols. */
  trust: () => Trust
  /** See the switch `renewal`. */
  renewal: () => Switches['renewal']
  /** Generation of the control plane's own certificate, where it is not the one that signs for others. */
  shown: () => string | undefined
}

export const createIssuer = (options: IssuerOptions): Issuer => {
  const { store, authority, topology, clock, lifetimes, tokens, trust, renewal, shown } = options
  const { intent, ledger } = store

  type Wish = { kind: Issued['kind']; name: string; publicKey: KeyObject; by: IssuedBy }
  type More = { workload?: string; first?: () => void; from?: string | undefined }

  /** A serial and its row are on disk before the certificate leaves; `first` is part of the same commit. */
  const issue = ({ kind, name, publicKey, by }: Wish, { workload, first = () => {}, from }: More = {}) =>
    store.transaction(() => {
      first()
      const serial = unusedSerial()
      const request = { publicKey, ...lifetimeOf(kind, workload), serial, from }
      const made =
        kind === 'workload'
          ? authority.issueWorkload({ id: name, ...request })
          : authority.issuePublic({ dnsName: name, ...request })
      const { issuer, notAfter } = made
      ledger.record({ serial: made.serial, kind, name, at: clock(), notAfter, issuer, by })
      return made
    })

  /** Who has switched renewal off waits for the end. */
  const lifetimeOf = (kind: Issued['kind'], workload = ''): Pick<LeafRequest, 'lifetimeMs' | 'atMost'> => {
    const { lifetimeS, on } = renewal()[workload] ?? { on: true }
    if (lifetimeS !== undefined) return { lifetimeMs: lifetimeS * 1000, atMost: !on }
    return { lifetimeMs: kind === 'workload' ? lifetimes.workloadMs : lifetimes.publicMs }
  }

  const unusedSerial = (): string => {
    const serial = authority.newSerial()
    return ledger.has(serial) ? unusedSerial() : serial
  }

  const grant = ({ chain, notAfter }: Made, workload: string): Grant => ({
    chain,
    notAfter: new Date(notAfter).toISOString(),
    epoch: intent.epochs()[workload] ?? 0,
    lifetimeMs: notAfter - clock(),
  })

  const known = (serials: readonly string[]): string[] => {
    const found = new Map(serials.map(serial => [serial, ledger.find(serial)?.serial]))
    const unknown = serials.filter(serial => found.get(serial) === undefined)
    if (unknown.length > 0) throw nothingToRevoke('serial', unknown.join(', '))
    return [...new Set([...found.values()].filter(serial => serial !== undefined))]
  }

  /** What is revoked takes back that its workload may come in again; with all of its name, it may not come in by its secret. */
  const bar = (what: Revocable, serials: readonly string[]): void => {
    const rows = serials.map(serial => ledger.find(serial)).filter(row => row && row.by !== 'experiment')
    const names = Object.keys(topology.workloads).filter(name =>
      rows.some(row => row?.name === spiffeId(topology.trustDomain, name)),
    )
    intent.setReadmitted(intent.readmitted().filter(name => !names.includes(name)))
    if ('id' in what) intent.setBarred([...new Set([...intent.barred(), ...names])])
  }

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
      const first = () => tokens.consume(token, workload)
      const made = issue({ kind: 'workload', name: id, publicKey, by: 'enrol' }, { workload, first })
      return { ...grant(made, workload), ...trust() }
    },
    renew(workload, csr) {
      const id = spiffeId(topology.trustDomain, workload)
      const { publicKey } = workloadCsr(csr, id, workload)
      return grant(issue({ kind: 'workload', name: id, publicKey, by: 'renew' }, { workload }), workload)
    },
    publicName(workload, dnsName, csr, mayHold) {
      if (!mayHold.includes(dnsName))
        throw new HopError('public-name-not-yours', {
          field: 'dnsName',
          expected: mayHold.join(', ') || 'no public name at all',
          found: JSON.stringify(dnsName.slice(0, 255)),
          remedy: 'Wait for a desired state that names it',
        })
      const { publicKey } = publicCsr(csr, dnsName)
      return grant(issue({ kind: 'public', name: dnsName, publicKey, by: 'public' }, { workload }), workload)
    },
    faulty(workload, csr, kinds) {
      checkFaults(kinds)
      const id = spiffeId(topology.trustDomain, workload)
      const { publicKey } = workloadCsr(csr, id, workload)
      return store.transaction(() => {
        const made = certifyProfile(authority, kinds, { id, publicKey, serial: unusedSerial() })
        const { serial, notAfter } = made
        const issuer = authority.cas().find(({ kind, active }) => kind === 'workloads' && active)!.id
        ledger.record({ serial, kind: 'workload', name: id, at: clock(), notAfter, issuer, by: 'experiment' })
        return { chain: made.chain, serial }
      })
    },
    own() {
      const { privateKey, publicKey } = generateKey()
      const name = spiffeId(topology.trustDomain, controlName)
      const { chain } = issue({ kind: 'workload', name, publicKey, by: 'control' }, { from: shown() })
      return { key: privateKeyPem(privateKey), chain }
    },
    revoke(what, reason) {
      const given = 'serials' in what ? known(what.serials) : ledger.live(what.id, clock())
      if (given.length === 0) throw nothingToRevoke('id', 'id' in what ? what.id : 'none')
      store.transaction(() => {
        ledger.revoke(given, clock(), reason)
        bar(what, given)
      })
      return given
    },
    standing(serial) {
      if (ledger.isRevoked(serial)) return 'revoked'
      const issuer = ledger.find(serial)?.issuer
      return authority.cas().some(({ id }) => id === issuer) ? undefined : 'distrusted'
    },
  }
}

const nothingToRevoke = (field: 'id' | 'serial', found: string) =>
  new HopError('nothing-to-revoke', {
    field,
    expected: field === 'id' ? 'a name with a certificate issued here and still valid' : 'certificates issued here',
    found: found.slice(0, 300),
    remedy: 'hop certificates shows what was issued; nothing was revoked',
  })
