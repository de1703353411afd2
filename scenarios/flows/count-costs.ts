import type { Observations } from '../../services/chassis/observation.ts'
import type { CertificateRow } from '../../services/control/certificates/trust-state.ts'
import { bySerial } from '../../services/control/measures/life.ts'
import type { Hop } from '../../services/modes.ts'
import { linkTitle, type Topology } from '../../services/topology/topology.ts'
import { atScale, countCertificates } from '../certificate-counts.ts'
import { type Cost, type Costs, costTitles } from '../costs.ts'
import type { LabClient } from '../lab-client.ts'
import { freshCanary } from '../tools/canary.ts'
import { createOutsider } from '../tools/outsider.ts'
import { certificatesHeld, certificatesShown } from './certificates-shown.ts'
import { inTheClear } from './in-the-clear.ts'
import { mark, recordsSince } from './records.ts'
import { readStory } from './story.ts'
import { type Watched, watchProbe } from './watched-probe.ts'
import { waysInto } from './ways-in.ts'

/** What the counts of one mode are taken from. */
export type Counted = {
  watched: Watched
  hops: readonly Hop[]
  /** What workloads recorded while `keptProbes` followed one another on connections that were there already. */
  kept: { probes: number; reports: Reports }
  /** For each request the ingress allows: the workload that recorded it first. */
  entries: readonly { request: string; workload: string | undefined }[]
  /** The ledger. */
  certificates: readonly CertificateRow[]
}

type Reports = Record<string, Pick<Observations, 'connections'>>

const keptProbes = 3

/** Runs a handful of probes in the present mode and counts. Needs the wire. */
export const observeCosts = async (lab: LabClient, hops: readonly Hop[]): Promise<Costs> => {
  const watched = await watchProbe(lab)
  const kept = await probeKept(lab)
  const certificates = await lab.lifecycle.certificates()
  return countCosts({ watched, hops, kept, entries: await findEntries(lab), certificates })
}

/** The first probe of a client brings up what is missing; those after it should find everything there. */
const probeKept = async (lab: LabClient): Promise<Counted['kept']> => {
  const outsider = await createOutsider(lab, { keepAlive: true })
  const send = () => outsider.send(freshCanary(lab.topology))
  try {
    await send()
    const marks = await mark(lab)
    for (let sent = 0; sent < keptProbes; sent++) await send()
    return { probes: keptProbes, reports: await recordsSince(lab, marks) }
  } finally {
    outsider.close()
  }
}

const findEntries = async (lab: LabClient): Promise<Counted['entries']> => {
  const outsider = await createOutsider(lab)
  const entries = []
  for (const request of waysInto(lab.topology)) {
    const { method, path } = request
    const marks = await mark(lab)
    await outsider.send(request)
    const { entry } = await readStory(lab, marks, { method, path })
    entries.push({ request: `${method} ${path}`, workload: entry?.workload })
  }
  return entries
}

/**
 * The counts, each from what was observed:
 * - certificates: the distinct keys that workloads report to hold. Shown to somebody: those of them that the other end of
 *   a connection of the probe recorded as its peer's, the client's own socket included.
 * - their owners, how often they are issued, and how many there would be with 100 services: `certificate-counts.ts`.
 * - decryptions: hops of the probe whose callee recorded that it opened TLS. TLS that only passes does not count.
 * - handshakes: server-side TLS handshakes in everybody's records during one probe, all connections new; then the mean
 *   over probes that follow on kept connections.
 * - a secret in the clear: workloads that find the probe's value in the bytes beside them, with the secrets of their own
 *   TLS sessions; and links on which the tap finds it as it stands. What a sidecar and its application say to each other
 *   is inside one workload.
 * - places for rules about requests: the workloads that recorded one of the ingress's requests before any other did.
 */
export const countCosts = ({ watched, hops, kept, entries, certificates }: Counted): Costs => {
  const { seen, hop } = watched
  const { topology, reports } = seen
  const shown = certificatesShown(seen)
  const work = countCertificates(shown, bySerial({ certificates }))
  const heldAs = (kind: 'workload' | 'public') => certificatesHeld(seen).filter(one => one.kind === kind)
  const opened = hops.filter(one => hop(one)?.decrypted).map(({ link }) => linkTitle(link.id))
  const first = handshakes(reports)
  const later = handshakes(kept.reports).length / kept.probes
  const places = [...new Set(entries.flatMap(({ workload }) => workload ?? []))]
  return [
    cost('certificates-held', names(heldAs('workload'))),
    cost('public-certificates-held', names(heldAs('public'))),
    cost('certificates-in-use', names(shown)),
    cost('certificate-owners', work.owners),
    { ...cost('certificate-issuances', []), count: Math.round(work.issuancesPerHour * 10) / 10 },
    {
      ...cost('certificates-at-100', []),
      count: atScale(work, Object.keys(topology.workloads).length, 100).certificates,
    },
    cost('decryptions', opened),
    cost('handshakes-new', first),
    { ...cost('handshakes-kept', []), count: Math.round(later * 100) / 100 },
    ...secretsOf(topology, watched).map(name => {
      const what = inTheClear(watched, name)
      return {
        id: `clear:${name}` as const,
        title: `places with the ${name} in the clear`,
        count: what.length,
        what,
      }
    }),
    cost('l7-places', places),
  ]
}

const cost = (id: keyof typeof costTitles, what: string[]): Cost => ({
  id,
  title: costTitles[id],
  count: what.length,
  what,
})

const names = (certificates: readonly { name: string }[]): string[] => certificates.map(({ name }) => name)

/** By workload, one entry for each handshake it completed as the server. */
const handshakes = (reports: Reports): string[] =>
  Object.entries(reports).flatMap(([workload, { connections }]) =>
    connections
      .filter(({ side, protocol, failure }) => side === 'server' && protocol !== undefined && !failure)
      .map(() => workload),
  )

const secretsOf = ({ data }: Topology, { overheard }: Watched): string[] =>
  Object.keys(data).filter(name => data[name] === 'secret' && overheard.canary.needles[name] !== undefined)
