import { idOf, isInner } from '../../scenarios/flows/hops.ts'
import { intrude, type Papers } from '../../scenarios/intrude.ts'
import { usualHopsOf } from '../../services/hops.ts'
import { modes } from '../../services/modes.ts'
import type { Topology } from '../../services/topology/topology.ts'
import { choose } from '../choice.ts'
import { type Context, withLab } from '../command.ts'
import { exit } from '../exit.ts'
import { renderIntruded } from '../render/insider.ts'
import { checkMethod, checkPath, readBody } from '../request-words.ts'

export type InsiderWords = { certificate?: string; says?: string; body?: string }

/** One call from inside the network, past whoever may make it. Fails where it was not served. */
export const insider = (
  context: Context,
  word: string,
  [method, path]: readonly (string | undefined)[],
  words: InsiderWords,
): Promise<number> => {
  const asked = {
    ...(method === undefined ? {} : { method: checkMethod(method), path: checkPath(path) }),
    ...(words.body === undefined ? {} : { body: readBody(words.body) }),
  }
  return withLab(context, async lab => {
    const { topology } = lab
    const link = choose('link', word, insideOf(topology))
    const names = Object.keys(topology.workloads)
    const papers = readPapers(words.certificate ?? 'none', names)
    const says = words.says === undefined ? undefined : choose('workload', words.says, names, '--says')
    const met = await intrude(lab, { link, papers, ...(says === undefined ? {} : { says }), ...asked })
    const shown = { ...met, papers, says: says === undefined ? null : idOf(topology, says) }
    context.screen.answer(shown, () => renderIntruded(shown, context.screen))
    return met.outcome === 'served' ? exit.ok : exit.failed
  })
}

const insideOf = (topology: Topology): string[] => [
  ...new Set(
    modes.flatMap(mode =>
      usualHopsOf(topology, mode)
        .filter(isInner)
        .map(({ link }) => link.id),
    ),
  ),
]

const readPapers = (word: string, names: readonly string[]): Papers => {
  const own = ['none', 'self-signed', 'foreign'] as const
  const found = choose('certificate', word, [...own, ...names], '--certificate')
  return own.find(each => each === found) ?? { of: found }
}
