import type { MetricsDigest } from '../../scenarios/observing/digest.ts'
import type { Paint } from '../paint.ts'
import { span } from './certificates.ts'
import { table } from './table.ts'
import { harmless, shown } from './words.ts'

/** A line of each workload. */
export const renderMetrics = (
  digests: readonly MetricsDigest[],
  { paint, columns }: { paint: Paint; columns: number },
): string => {
  const rows = digests.map(each => [
    each.workload,
    String(each.requests),
    each.errors > 0 ? paint.bad(String(each.errors)) : '0',
    each.meanMs === null ? paint.dim('–') : each.meanMs.toFixed(1),
    String(each.opened),
    String(each.reused),
    String(each.handshakes),
    told(each.failed, paint.bad),
    told(each.plaintext, paint.warn),
    each.expiresInS === null ? paint.dim('–') : each.expiresInS > 0 ? span(each.expiresInS) : paint.bad('expired'),
  ])
  const numbers = ['requests', 'errors', 'mean ms', 'opened', 'reused', 'handshakes']
  const shape = [
    { title: 'workload' },
    ...numbers.map(title => ({ title, right: true })),
    { title: 'failed', wrap: true },
    { title: 'plaintext from', wrap: true },
    { title: 'cert left' },
  ]
  return table(shape, rows, { width: columns, dim: paint.dim })
}

/** A scrape as it came, but for what a terminal would obey: a workload that was taken over writes there what it likes. */
export const renderScrape = (text: string): string => text.trimEnd().split('\n').map(harmless).join('\n')

/** `expired 2, self-signed 1` */
const told = (counts: Record<string, number>, paint: (text: string) => string): string => {
  const entries = Object.entries(counts)
  return entries.length === 0 ? '–' : paint(entries.map(([name, count]) => `${shown(name, 40)} ${count}`).join(', '))
}
