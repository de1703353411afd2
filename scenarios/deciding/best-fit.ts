import { usualHopsOf } from '../../services/hops.ts'
import type { Mode } from '../../services/modes.ts'
import type { NeedId } from '../../services/topology/needs.ts'
import type { Topology } from '../../services/topology/topology.ts'
import { outcome, succeeded } from '../flows/evidence.ts'
import { type Met, type NeedsSeen, seeNeeds } from '../flows/needs-seen.ts'
import { needs } from '../needs.ts'
import { defineScenario, type Observed } from '../scenario.ts'

export default defineScenario({
  id: 'best-fit',
  claims: ['D2'],
  title: 'Does this mode give what the situation needs?',
  guarantee: 'every need of the situation is met',
  explanation:
    'A topology can say which situation it is an example of, and what that situation needs. Each need is judged from one ' +
    'probe, one attack and a call without a certificate on every inner hop. The mode that fits best is the one that ' +
    'meets them all at the least cost, so it takes the matrix of all modes to tell.',
  per: 'system',
  unless: ({ situation }) => (situation ? undefined : 'the topology does not say which situation it is an example of'),
  expected: (mode: Mode, topology: Topology) => {
    const hops = usualHopsOf(topology, mode)
    return needsOf(topology).every(id => needs[id].expected(hops, topology)) ? 'holds' : 'broken'
  },
  async run(lab, hops) {
    const seen = await seeNeeds(lab, hops)
    return judgeNeeds(needsOf(lab.topology), seen)
  },
})

const needsOf = ({ situation }: Topology): readonly NeedId[] => situation?.needs ?? []

/** Holds when every need is met. The control: the probe passed, and each need was shown to be met or not. */
export const judgeNeeds = (ids: readonly NeedId[], seen: NeedsSeen): Observed => {
  const judged = ids.map(id => ({ id, title: needs[id].title, ...needs[id].judge(seen) }))
  const unmet = judged.filter(({ met }) => !met)
  const { answer } = seen.watched.overheard
  return {
    verdict: unmet.length === 0 ? 'holds' : 'broken',
    because:
      unmet.length === 0
        ? `all ${ids.length} needs are met`
        : unmet.map(({ title, because }) => `not met: ${title} (${because})`).join('; '),
    evidence: judged.map(told),
    control: {
      passed: succeeded(answer) && judged.every(({ shown }) => shown),
      evidence: [outcome('the probe', 'client', answer), ...judged.filter(({ shown }) => !shown).map(told)],
    },
  }
}

const told = ({ id, title, met, because }: Met & { id: NeedId; title: string }) =>
  ({ kind: 'text', title: `${title}: ${met ? 'yes' : 'no'}`, where: id, text: because }) as const
