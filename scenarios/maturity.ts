import { bySerial } from '../services/control/measures/life.ts'
import type { Seen } from '../services/control/measures/metric.ts'
import { usualHopsOf } from '../services/hops.ts'
import type { Mode } from '../services/modes.ts'
import { client, type Topology } from '../services/topology/topology.ts'
import type { Firing } from './alerts/alert.ts'
import type { AlertName } from './alerts/conditions.ts'
import { evaluate } from './alerts/evaluate.ts'
import { seeAll } from './alerts/observe.ts'
import type { Marks } from './flows/records.ts'
import type { LabClient } from './lab-client.ts'

/** One condition of being ready for more certificates, and what was seen of it. */
export type MaturityCheck = { id: string; title: string; met: boolean; because: string }

/** Is the lab ready for a mode that rests on more certificates? Else it is withheld, for what is not met. */
export type Maturity = { ready: boolean; checks: MaturityCheck[] }

/** What the check looks at. `settled`, `rollout`: as the control plane says. */
export type MaturitySeen = { seen: Seen; settled: boolean; rollout: { from: Mode; to: Mode } | null }

/** Judges by what was observed: by configuration alone every lab is ready. */
export const judgeMaturity = ({ seen, settled, rollout }: MaturitySeen): Maturity => {
  const firing = evaluate(seen)
  const checks = [
    quiet('renewal-on', 'every workload renews its certificates by itself', firing, ['RenewalOff']),
    quiet('renewal-in-time', 'no renewal is late or fails', firing, renewalAlerts),
    renewalSeen(seen),
    trustTaken(seen),
    quiet('lists-fresh', 'revocation lists are there and fresh', firing, [
      'CrlExpiresSoon',
      'CrlExpired',
      'CrlMissing',
    ]),
    quiet('clocks-together', 'clocks agree', firing, ['ClockSkew']),
    quiet('alerts-quiet', 'no other alert fires', firing, others),
    {
      ...{ id: 'way-back', title: 'the way back is known' },
      met: settled && rollout === null,
      because: rollout ? `a rollout from ${rollout.from} to ${rollout.to} is under way` : backTo(seen.mode, settled),
    },
  ]
  return { ready: checks.every(({ met }) => met), checks }
}

/** Looks at a lab, and changes nothing. With `marks`, of connections only what was recorded after them counts. */
export const observeMaturity = async (lab: LabClient, marks?: Marks): Promise<Maturity> =>
  judgeMaturity(await look(lab, marks))

/** The same, after every workload of which no renewal is known was asked to renew once, to see that it works. */
export const tryMaturity = async (lab: LabClient, marks?: Marks): Promise<Maturity> => {
  const first = await look(lab, marks)
  const unseen = unrenewed(first.seen)
  if (unseen.length === 0) return judgeMaturity(first)
  await Promise.all(unseen.map(name => lab.lifecycle.renew(name).catch(() => {})))
  return observeMaturity(lab, marks)
}

const look = async (lab: LabClient, marks?: Marks): Promise<MaturitySeen> => {
  const { settled, rollout } = await lab.state()
  return { seen: await seeAll(lab, marks && { marks }), settled, rollout }
}

/** Does a mode rest on certificates of workloads that the present one does not need? */
export const needsMoreCertificates = (topology: Topology, from: Mode, to: Mode): boolean => {
  const now = provers(topology, from)
  return [...provers(topology, to)].some(name => !now.has(name))
}

/** Workloads whose own certificate somebody asks for. */
const provers = (topology: Topology, mode: Mode): ReadonlySet<string> =>
  new Set(
    usualHopsOf(topology, mode)
      .filter(({ link, spliced, transport }) => link.caller !== client && !spliced && transport !== 'plaintext')
      .flatMap(({ link, transport }) => (transport === 'mtls' ? [link.caller, link.callee] : [link.callee])),
  )

const renewalAlerts: AlertName[] = [
  'CertificateExpiresSoon',
  'CertificateExpired',
  'RenewalFailing',
  'RenewalNotLoaded',
]

const others: AlertName[] = [
  'HandshakeFailures',
  'CalleeNotVerified',
  'PlaintextAcrossBorder',
  'BreakGlassOpen',
  'WorkloadAway',
]

const quiet = (id: string, title: string, firing: readonly Firing[], names: readonly AlertName[]): MaturityCheck => {
  const found = firing.filter(({ alert }) => (names as readonly string[]).includes(alert))
  const because =
    found.length === 0 ? 'nothing to the contrary was seen' : found.map(({ summary }) => summary).join('; ')
  return { id, title, met: found.length === 0, because }
}

/** A certificate that is held came by renewal, at every workload. */
const renewalSeen = (seen: Seen): MaturityCheck => {
  const missing = unrenewed(seen)
  return {
    ...{ id: 'renewal-seen', title: 'renewal was seen to work', met: missing.length === 0 },
    because: missing.length === 0 ? 'at every workload' : `never at ${missing.join(', ')}; hop renew tries it`,
  }
}

const unrenewed = (seen: Seen): string[] => {
  const rows = bySerial(seen)
  const works = (name: string) => {
    const { held = [], renewals = [] } = seen.reports[name] ?? {}
    const loaded = renewals.some(({ kind, serial, failure }) => kind === 'workload' && serial !== undefined && !failure)
    return (
      loaded || held.some(({ kind, serial }) => kind === 'workload' && rows.get(serial.toLowerCase())?.by === 'renew')
    )
  }
  return Object.keys(seen.topology.workloads).filter(name => !works(name))
}

const trustTaken = ({ topology, reports, trust }: Seen): MaturityCheck => {
  const held = (name: string) => reports[name]?.trust?.version ?? trust?.workloads[name]?.version
  const behind = Object.keys(topology.workloads).filter(name => trust === undefined || held(name) !== trust.version)
  return {
    ...{ id: 'trust-taken', title: 'everybody holds the present trust bundle', met: behind.length === 0 },
    because: behind.length === 0 ? `version ${trust?.version} everywhere` : `missing at ${behind.join(', ')}`,
  }
}

const backTo = (mode: Mode, settled: boolean): string =>
  settled ? `nothing is under way: it leads back to ${mode}` : 'somebody has not done as told yet'
