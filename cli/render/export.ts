import { relative } from 'node:path'
import type { Exported } from '../../export/export.ts'
import type { ExportOptions } from '../../export/options.ts'
import { type TargetName, targets } from '../../export/targets.ts'
import { count } from './words.ts'

/** What was written, which secrets were made, and what to type next. */
export const renderExport = (target: TargetName, options: ExportOptions, out: string, done: Exported): string => {
  const { title, secretsIn, next } = targets[target]
  const { written, unchanged, removed, secrets } = done
  const files = [
    `${count(written.length, 'file')} written`,
    ...(unchanged.length > 0 ? [`${unchanged.length} unchanged`] : []),
    ...(removed.length > 0 ? [`${removed.length} removed`] : []),
  ]
  const kept = secrets.kept.length > 0 ? [`${secrets.kept.length} kept`] : []
  return [
    `${options.topology.name} for ${title}, in ${options.mode}: ${files.join(', ')}`,
    `  in       ${relative('.', out) || '.'}`,
    `  image    ${options.image}`,
    `  secrets  ${[`${secrets.made.length} made`, ...kept].join(', ')}, in ${secretsIn}: yours alone, ignored by git`,
    '',
    `Next, in ${relative('.', out) || '.'}:`,
    ...next(options).map(line => `  ${line}`),
  ].join('\n')
}
