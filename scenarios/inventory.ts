import type { HeldCertificate, Observations } from '../services/chassis/observation.ts'
import { renewalShare } from '../services/chassis/renewal-share.ts'
import type { CertificateRow } from '../services/control/certificates/trust-state.ts'
import { authorityName } from '../services/control/measures/authority-name.ts'
import { bySerial, lifeOf } from '../services/control/measures/life.ts'
import type { Seen } from '../services/control/measures/metric.ts'
import { client, linkId } from '../services/topology/topology.ts'

/** A certificate of the lab: whose it is, how long it lives, and where its key was seen at work. */
export type InventoryItem = {
  kind: 'workload' | 'public'
  name: string
  /** The workload that reports to hold it; null: nobody does. */
  holder: string | null
  serial: string
  /** What its CA is for, or the CA's key identifier (hex) where there are several; empty where nobody knows. */
  issuer: string
  /** ISO 8601. */
  issuedAt: string
  notAfter: string
  /** Seconds; below zero once it has expired. */
  remainingS: number
  /** ISO 8601: when it is renewed, give or take a tenth of the time since its issue; null: not at all. */
  renewalDue: string | null
  /** Links of the present mode on whose connections this certificate was shown. */
  links: string[]
  state: 'valid' | 'expired' | 'revoked'
}

/** Every certificate that workloads hold; with `all` also those of the ledger that are still valid and that nobody holds. */
export const inventoryOf = (seen: Seen, { all = false } = {}): InventoryItem[] => {
  const rows = bySerial(seen)
  const held = Object.values(seen.reports).flatMap(({ workload, held }) =>
    held.map(one => itemOf(seen, rows, workload, one)),
  )
  if (!all) return held
  const known = new Set(held.map(({ serial }) => serial))
  const others = seen.certificates.filter(
    ({ serial, notAfter }) => !known.has(serial.toLowerCase()) && notAfter > seen.now,
  )
  return [...held, ...others.map(row => unheld(seen, row))]
}

const itemOf = (
  seen: Seen,
  rows: ReadonlyMap<string, CertificateRow>,
  holder: string,
  held: HeldCertificate,
): InventoryItem => {
  const { from, to } = lifeOf(held, rows)
  const renewed = seen.renewal[holder]?.on ?? true
  const serial = held.serial.toLowerCase()
  return {
    ...{ kind: held.kind, name: held.name, holder, serial, issuer: authorityName(seen.trust, held.issuer) },
    ...{ issuedAt: iso(from), notAfter: iso(to), remainingS: Math.floor((to - seen.now) / 1000) },
    renewalDue: renewed ? iso(from + renewalShare * (to - from)) : null,
    links: linksOf(seen, holder, held),
    state: stateOf(seen, to, rows.get(serial)),
  }
}

const unheld = (seen: Seen, row: CertificateRow): InventoryItem => ({
  ...{ kind: row.kind, name: row.name, holder: null, serial: row.serial.toLowerCase() },
  ...{ issuer: authorityName(seen.trust, row.issuer), issuedAt: iso(row.at), notAfter: iso(row.notAfter) },
  ...{ remainingS: Math.floor((row.notAfter - seen.now) / 1000), renewalDue: null, links: [] },
  state: stateOf(seen, row.notAfter, row),
})

const stateOf = (seen: Seen, notAfter: number, row: CertificateRow | undefined): InventoryItem['state'] => {
  if (row?.revokedAt) return 'revoked'
  return notAfter <= seen.now ? 'expired' : 'valid'
}

/** A caller's record names the link and both keys; where the public's TLS ends, only the workload itself kept a record. */
const linksOf = (seen: Seen, holder: string, { key, kind }: HeldCertificate): string[] => {
  const known = new Set([...seen.topology.links.map(({ id }) => id)])
  const called = Object.values(seen.reports)
    .flatMap(({ connections }) => connections)
    .filter(
      ({ side, localKey, peerKey, failure }) => side === 'client' && !failure && [localKey, peerKey].includes(key),
    )
    .flatMap(({ link = '' }) => (known.has(link) ? [link] : []))
  const entered = kind === 'public' && hasShown(seen.reports[holder], key) ? [linkId(client, holder)] : []
  return [...new Set([...entered, ...called])]
}

const hasShown = (report: Observations | undefined, key: string): boolean =>
  report?.connections.some(({ side, localKey, failure }) => side === 'server' && localKey === key && !failure) ?? false

const iso = (ms: number): string => new Date(ms).toISOString()
