import { HopError } from '../../pki/error.ts'
import { usualHopsOf } from '../../services/hops.ts'
import type { Sensitivity, Topology } from '../../services/topology/topology.ts'
import { everywhere } from '../expected.ts'
import { succeeded } from '../flows/evidence.ts'
import { isInner } from '../flows/hops.ts'
import { listenIn, type Overheard } from '../flows/listen-in.ts'
import { comingBack } from '../flows/stricter.ts'
import type { LabClient } from '../lab-client.ts'
import { type LinkChange, linkChanges } from '../plan/changing-links.ts'
import { defineScenario, type Evidence, type Observed } from '../scenario.ts'

const [lax, strict] = ['edge-terminate-plaintext', 'mtls'] as const

export default defineScenario({
  id: 'highest-risk-first',
  claims: ['S3'],
  title: 'Does the plan begin where most can be read?',
  guarantee: 'the plan puts the links first on which an eavesdropper gets most, and its first step takes that from him',
  explanation:
    'A tap on every link shows what stands readable there while everything behind the edge is plaintext. The plan to mutual TLS knows nothing of that: it ranks links by their declared data and by the borders they cross. Its order must be the order of what was read, and after its first step, one workload as a canary, nothing can be read on the first link any more.',
  per: 'system',
  unless: topology => (measurable(topology).length > 0 ? undefined : 'no data of its probe passes between workloads'),
  expected: everywhere('holds'),
  run: lab =>
    comingBack(lab, async () => {
      await lab.switchMode(lax)
      const changes = measurable(lab.topology)
      const before = lootIn(lab, await listenIn(lab), changes)
      const first = changes[0]!.callee
      const { heldAt } = await lab.switchMode(strict, undefined, { canary: [first] })
      if (!heldAt) throw new HopError('canary-ran-on', { message: `the rollout did not hold after ${first}` })
      const after = lootIn(lab, await listenIn(lab), changes)
      await lab.rollback()
      return judgeOrder(lab.topology, { changes, before, after })
    }),
})

/** What the plan changes, as far as the probe shows what passes there. */
const measurable = (topology: Topology): LinkChange[] => {
  const usual = usualHopsOf(topology, lax).filter(isInner)
  const shown = (name: string) => name === 'token' || Object.hasOwn(topology.probe.body, name)
  return linkChanges(topology, lax, strict).filter(
    ({ link, risk }) => usual.some(hop => hop.link.id === link) && risk.classes.length > 0 && risk.classes.every(shown),
  )
}

/** By link: the classes of data that stood readable. */
type Loot = { answered: boolean; read: Record<string, string[]> }

const lootIn = ({ topology }: LabClient, { raw, canary, answer }: Overheard, changes: readonly LinkChange[]): Loot => ({
  answered: succeeded(answer),
  read: Object.fromEntries(
    changes.map(({ link }) => {
      const bytes = raw(link)
      const names = Object.entries(canary.needles).filter(([name]) => Object.hasOwn(topology.data, name))
      return [link, names.filter(([, needle]) => bytes.includes(needle)).map(([name]) => name)]
    }),
  ),
})

type Listened = { changes: readonly Pick<LinkChange, 'link' | 'risk'>[]; before: Loot; after: Loot }

const gravity: readonly Sensitivity[] = ['ordinary', 'personal', 'secret']

/**
 * Holds when what was read weighs less and less along the plan, and links over a border come before others that weigh the
 * same; and when nothing is read on the first link after the first step. The control: much was read before, and still is elsewhere.
 */
export const judgeOrder = ({ data }: Pick<Topology, 'data'>, { changes, before, after }: Listened): Observed => {
  const weight = (loot: Loot, link: string) =>
    Math.max(0, ...(loot.read[link] ?? []).map(name => gravity.indexOf(data[name] ?? 'ordinary') + 1))
  const keys = changes.map(({ link, risk }) => weight(before, link) * 2 + Number(risk.crossesZone))
  const misplaced = changes.filter((_, i) => i > 0 && keys[i]! > keys[i - 1]!)
  const first = changes[0]!.link
  const stillRead = after.read[first] ?? []
  const elsewhere = changes.slice(1).some(({ link }) => weight(after, link) > 0)
  const holds = misplaced.length === 0 && stillRead.length === 0
  return {
    verdict: holds ? 'holds' : 'broken',
    because: holds
      ? `${changes.map(({ link }) => link).join(', ')}: in this order less and less can be read, and on ${first} nothing after the first step`
      : misplaced.length > 0
        ? `more can be read on ${misplaced.map(({ link }) => link).join(', ')} than on what comes before`
        : `${stillRead.join(', ')} can still be read on ${first} after the first step`,
    evidence: changes.flatMap(({ link, risk }) => [
      read(`${risk.because}; read before`, link, before),
      read('read after the first step', link, after),
    ]),
    control: {
      passed: before.answered && after.answered && weight(before, first) > 0 && (changes.length < 2 || elsewhere),
      evidence: [read('read before', first, before)],
    },
  }
}

const read = (title: string, where: string, loot: Loot): Evidence => ({
  ...{ kind: 'text', title, where, text: loot.read[where]?.join(', ') || 'nothing' },
})
