import type { Observations } from '../../services/chassis/observation.ts'
import type { CertificateRow, TrustState } from '../../services/control/certificates/trust-state.ts'
import type { ControlState } from '../../services/control/glance.ts'
import type { Switches } from '../../services/control/rollout/switches.ts'
import type { Topology } from '../../services/topology/topology.ts'
import type { GateReport } from '../gate.ts'

/** `error`: something does not work, or is open that must not be. `warning`: it will not, or is open on purpose. */
export type Severity = 'error' | 'warning' | 'note'

/** Something the doctor found: where, what each side shows of it, why, and what to do. */
export type Finding = {
  severity: Severity
  /** Kebab-case; one name per kind of finding. */
  name: string
  /** A workload, a link, or `lab`. */
  where: string
  seen: string[]
  cause: string
  remedy: string
}

/** All the doctor looks at: taken once, judged without asking again. Times in ms by the asker's clock. */
export type Looked = {
  now: number
  topology: Topology
  state: ControlState
  switches: Switches
  trust: TrustState
  certificates: CertificateRow[]
  /** Absent for a workload that did not answer. */
  reports: Record<string, Report | undefined>
  gate: GateReport
  /** Links on which the wire does more than pass on. */
  interfered: string[]
}

/** What a workload said, and between which moments. */
export type Report = Observations & { asked: number; answered: number }

export const severities: readonly Severity[] = ['error', 'warning', 'note']

/** Every workload that answered. */
export const answered = ({ reports }: Pick<Looked, 'reports'>): Report[] =>
  Object.values(reports).filter(report => report !== undefined)

/** `in 3 min`, `2 h ago`. */
export const fromNow = (at: number, now: number): string => {
  const s = Math.round(Math.abs(at - now) / 1000)
  const [size, unit] = s < 120 ? [1, 's'] : s < 7200 ? [60, 'min'] : s < 172_800 ? [3600, 'h'] : [86_400, 'days']
  const span = `${Math.round(s / (size as number))} ${unit}`
  return at > now ? `in ${span}` : `${span} ago`
}
