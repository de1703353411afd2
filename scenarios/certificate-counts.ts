import { renewalShare } from '../services/chassis/renewal-share.ts'
import type { CertificateRow } from '../services/control/certificates/trust-state.ts'
import { lifeOf } from '../services/control/measures/life.ts'
import type { ShownCertificate } from './flows/certificates-shown.ts'

/** The certificate work of one mode: certificates shown to somebody, who has to look after them, how often they are issued. */
export type CertificateCounts = {
  certificates: number
  /** Workloads that hold one of them. */
  owners: string[]
  issuancesPerHour: number
  /** The parts of it, which grow differently. */
  parts: Record<ShownCertificate['kind'], { certificates: number; issuancesPerHour: number }>
}

/** The same for another number of services. */
export type CountsAtScale = { services: number; certificates: number; owners: number; issuancesPerHour: number }

export const usualScales = [10, 100, 500]

/** Says how {@link atScale} gets there, for whoever reads the numbers. */
export const scaleFormula =
  'with N services: certificates for public names as observed, plus N times the share of workloads that showed one of their own; ' +
  `issuances per hour: each certificate once in ${renewalShare} of its lifetime`

/** Counts what was shown. `rows`, the ledger by serial, tells when each was issued. */
export const countCertificates = (
  shown: readonly ShownCertificate[],
  rows: ReadonlyMap<string, CertificateRow>,
): CertificateCounts => {
  const part = (kind: ShownCertificate['kind']) => {
    const ofKind = shown.filter(one => one.kind === kind)
    return { certificates: ofKind.length, issuancesPerHour: sum(ofKind.map(one => issuancesPerHour(one, rows))) }
  }
  const parts = { workload: part('workload'), public: part('public') }
  return {
    certificates: shown.length,
    owners: [...new Set(shown.map(({ workload }) => workload))],
    issuancesPerHour: parts.workload.issuancesPerHour + parts.public.issuancesPerHour,
    parts,
  }
}

/** See {@link scaleFormula}. `workloads`: how many the topology has. Somebody always has to look after the public name. */
export const atScale = ({ parts, owners }: CertificateCounts, workloads: number, services: number): CountsAtScale => {
  const grown = services / workloads
  const own = Math.round(parts.workload.certificates * grown)
  const perHour = parts.public.issuancesPerHour + parts.workload.issuancesPerHour * grown
  return {
    services,
    certificates: parts.public.certificates + own,
    owners: own === 0 ? owners.length : Math.max(own, Math.round(owners.length * grown)),
    issuancesPerHour: perHour,
  }
}

const hourMs = 3_600_000

const issuancesPerHour = (one: ShownCertificate, rows: ReadonlyMap<string, CertificateRow>): number => {
  const { from, to } = lifeOf(one, rows)
  return hourMs / ((to - from) * renewalShare)
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0)
