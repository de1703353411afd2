import type { Observations } from '../../services/chassis/observation.ts'
import { count } from '../flows/evidence.ts'
import { readUntil } from '../flows/patience.ts'
import { reportsNow } from '../flows/records.ts'
import { placeOrder } from '../flows/stand-in.ts'
import { whileSwitched } from '../flows/switched.ts'
import { type Meanwhile, meanwhileEvidence, whileCalling } from '../flows/while-calling.ts'
import type { LabClient } from '../lab-client.ts'
import { defineScenario, type Evidence, type Observed } from '../scenario.ts'

/** Renewed when half of this has passed, a certificate has as long again for a machine that is busy with others, ms. */
const leastLifeMs = 1_600

/** Certificates end on whole seconds. */
const shortLifetimeS = (): number => Math.ceil(((Date.now() % 1000) + leastLifeMs) / 1000)

export default defineScenario({
  id: 'renewal-loses-nothing',
  claims: ['L2'],
  title: 'Do certificates come and go by themselves, without anybody noticing?',
  guarantee: 'certificates are issued and renewed without a hand, and no request is lost by it',
  explanation:
    'The audit log shows that every workload got its first certificate for a one-time token, and that none was used twice. Then, while customers place orders, every workload is told to renew, and afterwards left with certificates so short that it must renew by itself. All must come to hold new ones, signed for new keys, and no order may be lost, in any mode.',
  per: 'system',
  expected: () => 'holds',
  async run(lab) {
    const names = Object.keys(lab.topology.workloads)
    const tokens = await tokensUsed(lab)
    const first = await holdings(lab)
    const { result, meanwhile } = await whileCalling(
      () => placeOrder(lab),
      async () => {
        const ordered = await whileShort(lab, names, async () => {
          await Promise.all(names.map(name => lab.lifecycle.renew(name)))
          const told = await holdings(lab)
          const byThemselves = await readUntil(
            () => holdings(lab),
            now => names.every(name => isNew(told, now, name)),
            { tries: 100, pauseMs: 50 },
          )
          return { told, byThemselves }
        })
        await Promise.all(names.map(name => lab.lifecycle.renew(name)))
        return ordered
      },
    )
    return judgeRenewal({ names, tokens, first, ...result, last: await holdings(lab), meanwhile })
  },
})

const whileShort = <Result>(lab: LabClient, names: readonly string[], work: () => Promise<Result>): Promise<Result> =>
  whileSwitched(
    lab,
    'renewal',
    before => {
      const lifetimeS = shortLifetimeS()
      return { ...before, ...Object.fromEntries(names.map(name => [name, { on: true, lifetimeS }])) }
    },
    work,
  )

/** What each workload holds, by name. */
export type Holdings = Record<string, Pick<Observations, 'held' | 'renewals'>>

const holdings = (lab: LabClient): Promise<Holdings> => reportsNow(lab)

/** Enrolments by workload, as the audit log has them. */
const tokensUsed = async (lab: LabClient): Promise<Record<string, number>> => {
  const used: Record<string, number> = {}
  for (const { action, target, result } of await lab.audit())
    if (action === 'enrol' && result === 'ok') used[target] = (used[target] ?? 0) + 1
  return used
}

/** Has it another certificate for every one it had, for another key? */
const isNew = (before: Holdings, now: Holdings, name: string): boolean => {
  const old = before[name]?.held ?? []
  const held = now[name]?.held ?? []
  return held.length > 0 && held.every(one => old.every(({ serial, key }) => serial !== one.serial && key !== one.key))
}

type Played = {
  names: readonly string[]
  tokens: Record<string, number>
  first: Holdings
  told: Holdings
  byThemselves: Holdings
  last: Holdings
  meanwhile: Meanwhile
}

/**
 * Holds when all renewed, told to and by themselves, and no order was lost. The control: each of them had begun with a
 * token, orders were placed all the while, and the last certificates are ordinary ones again.
 */
export const judgeRenewal = ({ names, tokens, first, told, byThemselves, last, meanwhile }: Played): Observed => {
  const stuck = names.filter(name => !isNew(first, told, name) || !isNew(told, byThemselves, name))
  const failing = names.filter(name => byThemselves[name]?.renewals?.some(({ failures }) => failures > 0))
  const lost = meanwhile.lost.length
  const holds = stuck.length === 0 && lost === 0
  const renewed = names.reduce((sum, name) => sum + (byThemselves[name]?.held.length ?? 0), 0)
  return {
    verdict: holds ? 'holds' : 'broken',
    because: holds
      ? `${renewed} certificates of ${names.length} workloads were renewed twice while ${meanwhile.calls} orders were placed, none of them lost`
      : `${lost} of ${meanwhile.calls} orders were lost; not renewed: ${stuck.join(', ') || 'none'}`,
    evidence: [
      ...meanwhileEvidence(meanwhile, 'orders'),
      ...names.flatMap((name): Evidence[] => [
        {
          kind: 'certificate',
          title: 'serials: at first, told to renew, by itself',
          where: name,
          text: [first, told, byThemselves]
            .map(at => at[name]?.held.map(({ serial }) => serial).join(', '))
            .join(' / '),
        },
      ]),
      count('workloads whose last try to renew had failed', 'the lab', failing.length),
    ],
    control: {
      passed:
        names.every(name => (tokens[name] ?? 0) >= 1) &&
        meanwhile.calls >= 3 &&
        names.every(name => isNew(byThemselves, last, name)),
      evidence: names.map(name => count('first certificates for a one-time token', name, tokens[name] ?? 0)),
    },
  }
}
