import type { Plan } from '../../scenarios/plan/plan.ts'
import type { PlanSection } from '../../scenarios/plan/section.ts'
import type { Paint } from '../paint.ts'
import { table } from './table.ts'
import { listed, shown } from './words.ts'

type Look = { paint: Paint; columns: number }

/** Each section with its answer and what it rests on, and the word on all. */
export const renderPlan = ({ topology, from, to, passed, sections }: Plan, look: Look): string => {
  const { paint } = look
  const against = sections.filter(section => !section.passed).map(({ id }) => id)
  const verdict = passed
    ? paint.good(`✓ nothing speaks against it: hop rollout ${to}`)
    : paint.bad(`✗ better not yet: ${listed(against)}`)
  return [
    `${paint.strong(topology)} ${from === to ? 'in' : `from ${paint.strong(from)} to`} ${paint.strong(to)}`,
    ...sections.map(section => `\n${renderSection(section, look)}`),
    '',
    verdict,
  ].join('\n')
}

const renderSection = (
  { title, answer, passed, columns, rows }: PlanSection,
  { paint, columns: width }: Look,
): string => {
  const head = `${passed ? paint.good('✓') : paint.bad('✗')} ${title} ${shown(answer)}`
  if (rows.length === 0) return head
  const last = columns.length - 1
  const titles = columns.map((column, i) => ({ title: column, wrap: i === last }))
  const cells = rows.map(row => row.map((cell, i) => shown(cell, i === last ? 400 : 60)))
  return `${head}\n${table(titles, cells, { width, dim: paint.dim })}`
}
