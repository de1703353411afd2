import { lessons } from '../../labs/shelf.ts'
import { catalogue } from '../../scenarios/catalogue.ts'
import { claimIds, groupOf, claims as sentences } from '../../scenarios/claims.ts'
import { tally } from '../../scenarios/tally.ts'
import { modes } from '../../services/modes.ts'
import type { Context } from '../command.ts'
import { exit } from '../exit.ts'
import { renderClaims, type ShownClaim } from '../render/claims.ts'
import { lastOf } from '../verdicts.ts'
import { type KeptCell, readVerdicts } from '../verdicts-file.ts'

/** Every claim, the scenarios that show it with what came out of them last, and its lessons. Needs no lab. */
export const claims = async ({ stateDir, screen }: Context): Promise<number> => {
  const verdicts = readVerdicts(stateDir)
  const cells = verdicts?.cells ?? []
  const taught = lessons()
  const list = claimIds.map(
    (id): ShownClaim => ({
      ...{ id, group: groupOf(id), sentence: sentences[id] },
      scenarios: catalogue
        .filter(scenario => (scenario.claims as readonly string[]).includes(id))
        .map(scenario => ({ id: scenario.id, verdicts: lastVerdicts(scenario.id, cells) })),
      lessons: taught.filter(lesson => lesson.claims.includes(id)).map(({ number }) => number),
    }),
  )
  const topology = verdicts?.topology ?? null
  screen.answer({ topology, claims: list }, () => renderClaims(list, { ...screen, topology, observed: lastOf(cells) }))
  return exit.ok
}

/** By mode; a mode in which the scenario did not run is missing. */
const lastVerdicts = (scenario: string, cells: readonly KeptCell[]): ShownClaim['scenarios'][number]['verdicts'] =>
  modes.flatMap(mode => {
    const ran = cells.filter(cell => cell.scenario === scenario && cell.mode === mode)
    const sum = tally(ran)
    return sum ? [{ mode, ...sum, observedAt: lastOf(ran) }] : []
  })
