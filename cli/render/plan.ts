import type { Plan } from '../../scenarios/plan/plan.ts'
import type { PlanSection } from '../../scenarios/plan/section.ts'
import type { Paint } from '../paint.ts'
import { table, wrap } from './table.ts'
import { listed, shown } from './words.ts'

type Look = { paint: Paint; columns: number }

/** Each section with its answer and what it rests on, and the word on all. */
export const renderPlan = (plan: Plan, look: Look): string => {
  const { topology, from, to, sections } = plan
  const { paint } = look
  return [
    `${paint.strong(topology)} ${from === to ? 'in' : `from ${paint.strong(from)} to`} ${paint.strong(to)}`,
    ...sections.map(section => `\n${renderSection(section, look)}`),
    '',
    verdictOn(plan, paint),
  ].join('\n')
}

const verdictOn = ({ from, to, passed, sections }: Plan, paint: Paint): string => {
  const named = (which: PlanSection[]) => listed(which.map(({ id }) => id))
  const against = sections.filter(section => !section.passed && !section.unknown)
  if (against.length > 0) return paint.bad(`✗ better not yet: ${named(against)}`)
  if (!passed) return paint.warn(`? nothing is known of it: ${named(sections.filter(({ unknown }) => unknown))}`)
  if (from !== to) return paint.good(`✓ nothing speaks against it: hop rollout ${to}`)
  // where a TLS policy was asked about, its section says what sets it
  const policy = sections.some(({ id }) => id === 'tls')
  return paint.good(policy ? '✓ nothing speaks against it' : `✓ nothing to do: the lab is in ${to} already`)
}

const renderSection = (
  { title, answer, passed, unknown, columns, rows }: PlanSection,
  { paint, columns: width }: Look,
): string => {
  const [sign, style] = passed ? (['✓', 'good'] as const) : unknown ? (['?', 'warn'] as const) : (['✗', 'bad'] as const)
  const text = wrap(`${title} ${shown(answer)}`, width - 2).join('\n  ')
  const head = `${paint[style](sign)} ${text}`
  if (rows.length === 0) return head
  const last = columns.length - 1
  const titles = columns.map((column, i) => ({ title: column, wrap: i === last }))
  const cells = rows.map(row => row.map((cell, i) => shown(cell, i === last ? 400 : 60)))
  return `${head}\n${table(titles, cells, { width, dim: paint.dim })}`
}
