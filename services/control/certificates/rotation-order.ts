import type { GenerationInfo } from '../../../pki/authority.ts'
import type { CarelessOrder, RotationRow, RotationStep } from './rotation-steps.ts'

/** The steps one after the other, as asked for. */
export const orderOf = (careless: CarelessOrder | null): readonly RotationStep[] =>
  careless === null ? ['trust', 'reissue', 'distrust'] : wrongOrders[careless]

const wrongOrders: Record<CarelessOrder, readonly RotationStep[]> = {
  'reissue-first': ['reissue', 'trust', 'distrust'],
  'distrust-first': ['trust', 'distrust', 'reissue'],
}

/** What the authority is to be at a step: which generation signs, which are trusted, which the control plane itself shows. */
export type Arrangement = { from: string; to: string; signs: string; trusted: string[]; shown: string }

type Place = Pick<RotationRow, 'step' | 'careless' | 'back'>

/** Each step does one thing; a step stands for itself and those before it. Two generations, the older one first. */
export const arrangementAt = ({ step, careless, back }: Place, generations: readonly GenerationInfo[]): Arrangement => {
  const [older = '', newer = ''] = generations.map(({ id }) => id)
  const [from, to] = back ? [newer, older] : [older, newer]
  const order = orderOf(careless)
  const did = (which: RotationStep) => order.indexOf(which) <= order.indexOf(step)
  const trusted = [...(did('distrust') ? [] : [from]), ...(did('trust') ? [to] : [])]
  // Until everybody has said that he trusts both, only the one he had can be shown to him.
  const shown = trusted.length === 1 ? trusted[0]! : step === 'trust' ? from : to
  return { from, to, signs: did('reissue') ? to : from, trusted, shown }
}

/**
 * Where the way back begins: at the step that meets everybody as he is now. `now` is what the authority is; the way back
 * has the usual order, whatever the way here was.
 */
export const backFrom = (row: RotationRow, generations: readonly GenerationInfo[]): RotationRow => {
  const { from, to, signs, trusted } = arrangementAt(row, generations)
  const begun = { what: row.what, reached: false, stopAt: null, careless: null, back: !row.back }
  if (signs === from && trusted.includes(from)) return { ...begun, step: 'distrust' }
  // somebody may trust the new one alone: first the old one has to be trusted again
  return { ...begun, step: trusted.includes(from) && trusted.length > 0 && signs === to ? 'reissue' : 'trust' }
}
