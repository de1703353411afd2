import { HopError } from '../../pki/error.ts'
import { losingClients } from '../../scenarios/plan/losing-clients.ts'
import { aboutModes, planFor } from '../../scenarios/plan/plan.ts'
import { chooseMode } from '../choice.ts'
import { type Context, withLab } from '../command.ts'
import { exit } from '../exit.ts'
import { renderPlan } from '../render/plan.ts'
import { readSince } from '../since.ts'
import { readTlsWords, type TlsWords } from '../tls-words.ts'

export type PlanWords = { since?: string } & TlsWords

/** What would change on the way to another mode, or with another TLS policy, and who would break. Fails where somebody would. */
export const plan = (context: Context, word: string | undefined, words: PlanWords): Promise<number> => {
  const to = word === undefined ? undefined : chooseMode(word)
  const tls = readTlsWords(words)
  if (to === undefined && tls === undefined) throw nothingAsked()
  const since = words.since === undefined ? undefined : readSince(words.since)
  return withLab(context, async lab => {
    const inquiries = [...(to === undefined ? [] : aboutModes), ...(tls === undefined ? [] : [losingClients(tls)])]
    const planned = await planFor(lab, to, since, inquiries)
    context.screen.answer(planned, () => renderPlan(planned, context.screen))
    return planned.passed ? exit.ok : exit.failed
  })
}

const nothingAsked = () =>
  new HopError('usage', {
    field: 'mode',
    expected: 'a mode to go to, or a TLS policy (--min-version, --drop-suite, --key-type)',
    found: 'nothing',
    remedy: 'hop plan --help has an example',
  })
