import { claims } from '../../scenarios/claims.ts'
import type { Cell, CellVerdict, Evidence, Scenario } from '../../scenarios/scenario.ts'
import { type Mode, modeTable } from '../../services/modes.ts'
import { linkTitle } from '../../services/topology/topology.ts'
import { listed, moment, shown } from '../render/words.ts'
import { guaranteeOnEach } from '../sections.ts'
import { type Outcome, outcomesOf } from './outcomes.ts'

/** What a scenario tries, and what for. */
export const whatIsTried = (scenario: Scenario): string => {
  const { explanation, claims: shows } = scenario
  const sentences = shows.map(claim => `${claim} (“${claims[claim]}”)`)
  return [
    explanation,
    `The guarantee put to the test: ${guaranteeOnEach(scenario)}.`,
    `It is there to show ${listed(sentences)}.`,
  ].join(' ')
}

/** How it came out in a mode, why, and what that rests on. `observedAt`: absent for a run just made. */
export const howItCameOut = (mode: Mode, cells: readonly Cell[], observedAt?: string): string => {
  const outcomes = outcomesOf(cells)
  const [first = '', ...more] = outcomes.map(sentence)
  return [
    `In ${mode} (${modeTable[mode].summary}) the guarantee ${first}`,
    ...more.map(text => `It ${text}`),
    ...outcomes.slice(0, mostSeen).flatMap(seen),
    ...control(outcomes),
    ...again(cells),
    observedAt === undefined ? 'It was run just now.' : `It was observed at ${moment(observedAt)}.`,
  ].join(' ')
}

const mostSeen = 3

const verbs: Record<CellVerdict, string> = {
  holds: 'holds',
  broken: 'is broken',
  'not-applicable': 'has nothing to hold on to',
  inconclusive: 'was shown neither to hold nor to be broken',
}

/** `holds on a → b and b → c: for one, …`. */
const sentence = (outcome: Outcome): string => {
  const [{ verdict, because, asExpected, expected }] = outcome
  const surprise = asExpected ? '' : ` That is not as expected (${expected}).`
  const example = outcome.length > 1 ? ` (${placeOf(outcome[0])}, for one)` : ''
  return `${verbs[verdict]}${onLinks(outcome)}: ${plain(because, 400)}${example}.${surprise}`
}

const onLinks = (outcome: Outcome): string => {
  const links = outcome.flatMap(({ link }) => (link === undefined ? [] : [linkTitle(link)]))
  return links.length === 0 ? '' : ` on ${listed(links)}`
}

/** One piece of evidence for a link, two for the system; what holds shows best in how somebody failed. */
const seen = ([cell]: Outcome): string[] => {
  const { link, verdict, evidence } = cell
  if (verdict === 'not-applicable' || evidence.length === 0) return []
  const told = verdict === 'holds' ? evidence.toSorted((a, b) => failing(b) - failing(a)) : evidence
  const items = told.slice(0, link === undefined ? 2 : 1).map(item => quote(item, link))
  return [`Seen${link === undefined ? '' : ` on ${linkTitle(link)}`}: ${items.join('; ')}.`]
}

const failing = ({ kind }: Evidence): number => (kind === 'failure' ? 1 : 0)

const again = (cells: readonly Cell[]): string[] => {
  const first = cells.find(({ firstTry }) => firstTry !== undefined)?.firstTry
  return first === undefined ? [] : [`It was run twice; at first ${plain(first, 200)}.`]
}

const control = (outcomes: readonly Outcome[]): string[] => {
  const cell = outcomes.map(([first]) => first).find(({ verdict }) => verdict === 'holds' || verdict === 'broken')
  if (!cell) return []
  const [item] = cell.control.evidence
  return [item ? `The control came out as it must: ${quote(item)}.` : 'The control came out as it must.']
}

/** `what payments recorded (payments): “POST /charges …”`; the place is left out where it was told already. */
const quote = ({ kind, title, where, text = '' }: Evidence, told?: string): string => {
  const place = where === told ? '' : ` (${linkTitle(where)})`
  const words = plain(text, 90)
  return `${plain(title, 120)}${place}${words === '' ? '' : kind === 'count' ? `: ${words}` : `: “${words}”`}`
}

const placeOf = ({ link = '' }: Cell): string => linkTitle(link)

const plain = (text: string, most: number): string => shown(text, most).replaceAll(/\s+/g, ' ').trim()
