import type { Firing } from '../../scenarios/alerts/alert.ts'
import { conditions } from '../../scenarios/alerts/conditions.ts'
import type { Paint } from '../paint.ts'
import { table } from './table.ts'
import { shown } from './words.ts'

/** What fires, the worst first, each with what to do about it. */
export const renderAlerts = (
  firing: readonly Firing[],
  { paint, columns }: { paint: Paint; columns: number },
): string => {
  if (firing.length === 0) return `${paint.good('✓')} all quiet: none of ${conditions.length} alerts fires`
  const rows = firing.map(({ alert, severity, labels, since, summary, remedy }) => [
    severity === 'critical' ? paint.bad(`✗ ${alert}`) : paint.warn(`! ${alert}`),
    shown(labels.workload ?? labels.link ?? '', 60),
    since.slice(11, 19),
    shown(`${summary}. Remedy: ${remedy}`),
  ])
  const titles = [{ title: 'alert' }, { title: 'where' }, { title: 'since' }, { title: 'what to do', wrap: true }]
  return table(titles, rows, { width: columns, dim: paint.dim })
}
