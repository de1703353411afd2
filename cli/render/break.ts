import type { Provoked, Skipped } from '../../scenarios/breakage/provoke.ts'
import type { Paint } from '../paint.ts'
import { table } from './table.ts'
import { shown } from './words.ts'

type Look = { paint: Paint; columns: number }

/** What can be made to fail, and at which end. */
export const renderBreakages = (
  listed: readonly { name: string; summary: string; ends: readonly string[] }[],
  { paint, columns }: Look,
): string =>
  table(
    [{ title: 'with' }, { title: 'at the' }, { title: 'what it is', wrap: true }],
    listed.map(({ name, summary, ends }) => [paint.strong(name), ends.join(', '), summary]),
    { width: columns, dim: paint.dim },
  )

type Outcome = { link: string; mode: string; transport: string; provoked: Provoked[]; skipped: Skipped[] }

/** Each failure as both ends have it, and by what name the doctor calls it. */
export const renderProvoked = ({ link, mode, transport, provoked, skipped }: Outcome, { paint }: Look): string => {
  const head = `${paint.strong(shown(link.replace(/:([^:]*)$/, ' → $1'), 80))}, ${transport} in ${mode}`
  const left = skipped.map(({ breakage, end, because }) => paint.dim(`– ${breakage} at the ${end}: ${because}`))
  const [caller = '', callee = ''] = link.split(':')
  const lines = provoked.flatMap(each => told(each, { caller, callee }, paint))
  const wrong = provoked.filter(({ named }) => !named).length
  const verdict =
    provoked.length === 0
      ? paint.bad('✗ nothing could be tried on this link')
      : wrong > 0
        ? paint.bad(`✗ the doctor missed ${wrong} of ${provoked.length}`)
        : paint.good(`✓ the doctor named ${provoked.length} of ${provoked.length}`)
  return [head, '', ...lines, ...left, ...(left.length > 0 ? [''] : []), verdict].join('\n')
}

const told = (
  { breakage, end, cause, due, named }: Provoked,
  names: Record<'caller' | 'callee', string>,
  paint: Paint,
) => {
  const sight = (side: 'caller' | 'callee') => {
    const seen = cause?.seen[side]
    return `    ${side}  ${shown(names[side], 40)} saw ${seen ? `${seen.name} (${seen.code})` : 'nothing wrong'}`
  }
  const sign = named ? paint.good('✓') : paint.bad('✗')
  const name = cause ? `${cause.name}, look at: ${cause.fault}` : 'nothing'
  return [
    `${sign} ${paint.strong(breakage)} at the ${end}`,
    sight('caller'),
    sight('callee'),
    `    doctor  ${named ? name : `${name}; due was ${due.name}, ${due.fault}`}`,
    ...(cause ? [`    cause   ${shown(cause.sentence, 400)}`, `    remedy  ${shown(cause.remedy, 300)}`] : []),
    '',
  ]
}
