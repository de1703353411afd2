import { HopError } from '../../pki/error.ts'
import { observeGate } from '../../scenarios/gate.ts'
import { type Context, withLab } from '../command.ts'
import { exit } from '../exit.ts'
import { renderGate } from '../render/gate.ts'
import { readSince } from '../since.ts'

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

const checkLink = (word: string): void => {
  if (/^[\w.:-]+:[\w.-]+$/.test(word)) return
  throw new HopError('usage', {
    field: '--allow',
    expected: 'a link as the gate names it, such as payments:collector',
    found: JSON.stringify(word.slice(0, 100)),
  })
}
