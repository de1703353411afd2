import { HopError } from '../../pki/error.ts'
import { observeGate } from '../../scenarios/gate.ts'
import { type Context, withLab } from '../command.ts'
import { exit } from '../exit.ts'
import { renderGate } from '../render/gate.ts'

export type GateWords = { strict?: boolean; allow?: string[]; since?: string; probe?: boolean }

/** What plaintext was seen, and whether it may be. Fails on undeclared plaintext over a zone border. */
export const gate = async (context: Context, words: GateWords): Promise<number> => {
  const { strict = false, allow = [] } = words
  const since = words.since === undefined ? undefined : readSince(words.since)
  for (const link of allow) checkLink(link)
  return withLab(context, async lab => {
    const options = { strict, allow, probe: words.probe !== false, ...(since === undefined ? {} : { since }) }
    const report = await observeGate(lab, options)
    context.screen.answer(report, () => renderGate(report, context.screen))
    const idle = allow.filter(link => !report.findings.some(finding => finding.link === link))
    if (idle.length > 0) context.screen.aside(`--allow ${idle.join(', ')}: nothing of the kind was seen`)
    return report.passed ? exit.ok : exit.failed
  })
}

const units: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000 }

/** `10m` ago, in ms since the epoch, or `all`. */
const readSince = (word: string): number | 'all' => {
  if (word === 'all') return 'all'
  const [, number = '', unit = ''] = /^(\d{1,6})([smh])$/.exec(word) ?? []
  if (number !== '') return Date.now() - Number(number) * units[unit]!
  throw new HopError('usage', {
    field: '--since',
    expected: 'all, or a time such as 30s, 10m or 2h',
    found: JSON.stringify(word.slice(0, 100)),
  })
}

const checkLink = (word: string): void => {
  if (/^[\w.:-]+:[\w.-]+$/.test(word)) return
  throw new HopError('usage', {
    field: '--allow',
    expected: 'a link as the gate names it, such as payments:collector',
    found: JSON.stringify(word.slice(0, 100)),
  })
}
