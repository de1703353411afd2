import { HopError } from '../../pki/error.ts'
import { seeAll } from '../../scenarios/alerts/observe.ts'
import { atScale, scaleFormula, usualScales } from '../../scenarios/certificate-counts.ts'
import { observeCounts } from '../../scenarios/flows/count-certificates.ts'
import { inventoryOf } from '../../scenarios/inventory.ts'
import { givenAlone } from '../choice.ts'
import { type Context, withLab } from '../command.ts'
import { exit } from '../exit.ts'
import { renderCounts, renderInventory } from '../render/certificates.ts'

export type CertificateWords = { all?: boolean; counts?: boolean; services?: string }

/** Every certificate held, and where it is in use; or how much work they are, here and with more services. */
export const certificates = (context: Context, words: CertificateWords): Promise<number> => {
  if (words.all) givenAlone('--all', { '--counts': words.counts, '--services': words.services })
  if (words.counts || words.services !== undefined) return counts(context, servicesOf(words.services))
  return withLab(context, async lab => {
    const seen = await seeAll(lab, { windowMs: Number.POSITIVE_INFINITY })
    const items = inventoryOf(seen, { all: words.all ?? false })
    context.screen.answer(items, () => renderInventory(items, seen.mode, context.screen))
    return exit.ok
  })
}

const counts = (context: Context, scales: readonly number[]): Promise<number> =>
  withLab(context, async lab => {
    const { mode } = await lab.state()
    const observed = await observeCounts(lab)
    const workloads = Object.keys(lab.topology.workloads).length
    const scaled = scales.map(services => atScale(observed, workloads, services))
    const answer = { topology: lab.topology.name, mode, workloads, observed, scaled, formula: scaleFormula }
    context.screen.answer(answer, () => renderCounts(answer, context.screen))
    return exit.ok
  })

const servicesOf = (word: string | undefined): readonly number[] => {
  if (word === undefined) return usualScales
  if (/^[1-9]\d{0,5}$/.test(word)) return [Number(word)]
  throw new HopError('usage', {
    field: '--services',
    expected: 'a number from 1 to 999999',
    found: JSON.stringify(word.slice(0, 100)),
  })
}
