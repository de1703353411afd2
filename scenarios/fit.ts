import type { Mode } from '../services/modes.ts'
import type { Situation } from '../services/topology/topology.ts'
import { type CostId, type Costs, countOf } from './costs.ts'
import type { Maturity } from './maturity.ts'
import type { Cell } from './scenario.ts'

/** The mode that fits a situation best, as a matrix found it out. */
export type BestFit = {
  situation: string
  needs: number
  /** Modes that meet every need, the cheapest first. */
  meets: Mode[]
  /** The cheapest of them; undefined when none meets every need. */
  best: Mode | undefined
  /** The mode that the topology's author says fits. */
  stated: Mode
  /** Why the lab is not ready for `best`; empty where it is, or where nobody looked. */
  withheld: string[]
  /** All this in a line, for people. */
  says: string
}

/** What makes one mode cheaper than another: the first of these counts in which they differ. */
const costOrder = ['certificates-in-use', 'decryptions', 'handshakes-new'] as const satisfies readonly CostId[]

/**
 * Among the modes in which `best-fit` came out as holds, the one with the least cost; the earlier of the table in a tie.
 * Undefined where it did not run. `maturity`: how ready the lab is for more certificates (claim D6).
 */
export const bestFitOf = (
  situation: Situation,
  cells: readonly Pick<Cell, 'scenario' | 'mode' | 'verdict'>[],
  costs: CostsByMode,
  maturity?: Maturity,
): BestFit | undefined => {
  const judged = cells.filter(({ scenario }) => scenario === 'best-fit')
  if (judged.length === 0) return undefined
  const meets = judged
    .filter(({ verdict, mode }) => verdict === 'holds' && costs[mode])
    .map(({ mode }) => mode)
    .sort((a, b) => compareCosts(costs[a]!, costs[b]!))
  const { title, needs, fits } = situation
  const withheld = meets[0] === undefined ? [] : whyWithheld(costs[meets[0]]!, maturity)
  const but = withheld.length === 0 ? '' : `; withheld because ${withheld.join('; ')}`
  const says = sentence(situation, meets, costs) + but
  return { situation: title, needs: needs.length, meets, best: meets[0], stated: fits, withheld, says }
}

/** A mode whose certificates are all at one place can be had whether or not their renewal is seen to. */
const whyWithheld = (costs: Costs, maturity: Maturity | undefined): string[] =>
  (countOf(costs, 'certificate-owners') ?? 0) > 1
    ? (maturity?.checks ?? []).filter(({ met }) => !met).map(({ because }) => because)
    : []

/** Negative where `a` is cheaper. */
export const compareCosts = (a: Costs, b: Costs): number => {
  const differs = costOrder.find(id => countOf(a, id) !== countOf(b, id))
  return differs === undefined ? 0 : countOf(a, differs)! - countOf(b, differs)!
}

type CostsByMode = Readonly<Partial<Record<Mode, Costs>>>

const sentence = (
  { title, needs, fits }: Situation,
  [best, ...others]: readonly Mode[],
  costs: CostsByMode,
): string => {
  const all = needs.length === 1 ? 'its one need' : `all ${needs.length} needs`
  if (best === undefined) return `Best fit for ${title}: none of these modes meets ${all}`
  const beside = others.map(mode => `; ${mode} does too, ${comparison(costs[mode]!, costs[best]!)}`)
  const otherwise = fits === best ? '' : ` (its topology says ${fits})`
  return `Best fit for ${title}: ${best}, which meets ${all}${beside.join('')}${otherwise}`
}

const comparison = (costs: Costs, least: Costs): string => {
  const differs = costOrder.find(id => countOf(costs, id) !== countOf(least, id))
  if (differs === undefined) return 'at the same price'
  return `with ${countOf(costs, differs)} ${words[differs]} instead of ${countOf(least, differs)}`
}

const words = {
  'certificates-in-use': 'certificates',
  decryptions: 'decryptions',
  'handshakes-new': 'handshakes',
}
