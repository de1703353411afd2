import { internalServerName } from '../../services/chassis/connector.ts'
import type { AuditEntry } from '../../services/control/state/audit.ts'
import { usualHopsOf } from '../../services/hops.ts'
import type { Hop } from '../../services/modes.ts'
import type { Topology } from '../../services/topology/topology.ts'
import { outcome, succeeded } from '../flows/evidence.ts'
import { isInner } from '../flows/hops.ts'
import { readUntil } from '../flows/patience.ts'
import { type Tried, tryLink } from '../flows/tried-link.ts'
import { restoringWire } from '../flows/wire.ts'
import type { LabClient } from '../lab-client.ts'
import { defineScenario, type Evidence, type Observed } from '../scenario.ts'

/** Something on the wire breaks every handshake of one link; its operator breaks the glass for a second. */
export default defineScenario({
  id: 'break-glass',
  claims: ['L11'],
  title: 'Can strictness be relaxed on one link in an incident, and does it come back?',
  guarantee: 'one link is relaxed for a while, on the record, and is strict again by itself',
  explanation:
    'Something on the wire damages every TLS handshake of one link, so orders fail. Break-glass with a reason lets that link go by plaintext for a second: orders are served again, their values can be read there and on no other link. When its time is over the link insists on TLS again with nobody’s help, so orders fail until the wire is mended. Where every link is plaintext there is nothing to relax.',
  per: 'system',
  expected: (mode, topology) => (relaxableIn(usualHopsOf(topology, mode), topology) ? 'holds' : 'not-applicable'),
  async run(lab, hops) {
    const hop = relaxableIn(hops, lab.topology)
    return hop ? judgeBreakGlass(hop, await breakGlassOn(lab, hop)) : nothingToRelax
  },
})

/** The inner link with the most to protect: into a sensitive zone before any other, and the probe's data on it. */
export const relaxableIn = (hops: readonly Hop[], { probe }: Topology): Hop | undefined => {
  const carries = ({ link }: Hop) => link.data.some(name => name === 'token' || Object.hasOwn(probe.body, name))
  const possible = hops.filter(hop => isInner(hop) && hop.transport !== 'plaintext' && carries(hop))
  return possible.find(({ link }) => link.intoSensitive) ?? possible[0]
}

/** One order in each state of the link, and what was put on the record. */
export type Glass = {
  broken: Tried
  relaxed: Tried
  after: Tried
  mended: Tried
  reason: string
  begun: AuditEntry | undefined
  ended: AuditEntry | undefined
}

const breakGlassOn = async (lab: LabClient, hop: Hop): Promise<Glass> => {
  const { id, callee } = hop.link
  const reason = 'an experiment: handshakes fail on this link'
  const before = await lastEntry(lab)
  const name = internalServerName(callee, lab.topology.trustDomain)
  const damaged = await restoringWire(lab, id, async () => {
    await lab.wire(id).alter({
      direction: 'to-callee',
      find: { text: name },
      replace: { text: `${name.startsWith('x') ? 'y' : 'x'}${name.slice(1)}` },
    })
    const broken = await tryLink(lab, hop)
    const glass = await lab.lifecycle.breakGlass({ link: id, forS: 1, reason })
    const relaxed = await tryLink(lab, hop)
    const ended = await readUntil(() => entryOf(lab, before, 'break-glass-end', glass.id), Boolean, patience)
    return {
      broken,
      relaxed,
      ended,
      begun: await entryOf(lab, before, 'break-glass', glass.id),
      after: await tryLink(lab, hop),
    }
  }).finally(() => lab.lifecycle.endBreakGlass().catch(() => {}))
  return { ...damaged, reason, mended: await tryLink(lab, hop) }
}

/** Twice the time it is given. */
const patience = { tries: 200, pauseMs: 15 }

const lastEntry = async (lab: LabClient, since = 0): Promise<number> => {
  const last = (await lab.audit(since)).at(-1)?.id
  return last === undefined ? since : lastEntry(lab, last)
}

const entryOf = async (lab: LabClient, since: number, action: string, id: string) =>
  (await lab.audit(since)).find(entry => entry.action === action && entry.detail.id === id)

/**
 * Broken when it did not help, opened more than its link, left no record, or stayed. The control: without it the damage
 * kept the order from being served, for that very cause; and on the mended wire the link is as it was.
 */
export const judgeBreakGlass = ({ link, transport }: Hop, seen: Glass): Observed => {
  const { broken, relaxed, after, mended, begun, ended } = seen
  const opened = relaxed.readable.filter(id => !mended.readable.includes(id))
  const faults = [
    ...(relaxed.served && succeeded(relaxed.answer) ? [] : [`${link.id} was not served while it was relaxed`]),
    ...(opened.length === 1 && opened[0] === link.id ? [] : [`readable meanwhile: ${opened.join(', ') || 'nothing'}`]),
    ...(begun?.detail.reason === seen.reason ? [] : ['its beginning was not put on the record with its reason']),
    ...(ended?.detail.by === 'itself' ? [] : ['that it ended by itself is not on the record']),
    ...(after.served ? [`${link.id} was served as ${after.transport} after its time`] : []),
  ]
  return {
    verdict: faults.length > 0 ? 'broken' : 'holds',
    because:
      faults.length > 0
        ? faults.join('; ')
        : `${link.id} went by ${relaxed.transport} and no other link could be read; then it was ${transport} again by itself`,
    evidence: [
      ...tellTried('the order while it was relaxed', link.id, relaxed),
      ...tellTried('the order after its time', link.id, after),
      ...[begun, ended].flatMap(entry => (entry ? [recorded(entry)] : [])),
    ],
    control: {
      passed:
        !broken.served &&
        broken.failure === 'tls-record' &&
        mended.served &&
        mended.transport === transport &&
        succeeded(mended.answer) &&
        !mended.readable.includes(link.id),
      evidence: [
        ...tellTried('the order before, every handshake damaged', link.id, broken),
        ...tellTried('the order on the mended wire', link.id, mended),
      ],
    },
  }
}

const tellTried = (
  title: string,
  link: string,
  { answer, served, transport, failure, readable }: Tried,
): Evidence[] => [
  outcome(title, 'client', answer),
  {
    ...{ kind: 'text', title: `${title}: the link`, where: link },
    text: `${served ? `served over ${transport}` : `not served: ${failure}`}; readable: ${readable.join(', ') || 'no link'}`,
  },
]

const recorded = ({ who, action, target, detail }: AuditEntry): Evidence => ({
  ...{ kind: 'text', title: `the audit's entry ${action}`, where: target },
  text: `${who}: ${JSON.stringify(detail)}`,
})

const nothingToRelax: Observed = {
  verdict: 'not-applicable',
  because: 'every link between workloads is plaintext, so there is nothing to relax',
  evidence: [],
  control: { passed: true, evidence: [] },
}
