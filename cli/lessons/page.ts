import type { Fault } from '../../labs/faults.ts'
import type { Lesson, Step } from '../../labs/lesson.ts'
import type { Judgement } from '../../labs/predicates.ts'
import type { Kept } from '../../labs/progress-file.ts'
import { claims } from '../../scenarios/claims.ts'
import type { ControlState } from '../../services/control/glance.ts'
import type { Mode } from '../../services/modes.ts'
import { linkTitle, type Topology } from '../../services/topology/topology.ts'
import { wrap } from '../render/table.ts'
import { listed } from '../render/words.ts'
import type { Screen } from '../screen.ts'

type Look = Pick<Screen, 'paint' | 'columns'>

/** No wider than one reads with ease. */
const widest = 88

/** Paragraphs as they stand in a lesson, for a terminal: wrapped, `code` and **bold** marked. */
export const prose = (text: string, { paint, columns }: Look, indent = ''): string =>
  text
    .split('\n\n')
    .map(paragraph => {
      const marked = paragraph.replaceAll(/`([^`]+)`|\*\*([^*]+)\*\*/g, (_, code, bold) => paint.strong(code ?? bold))
      return wrap(marked, Math.min(columns, widest) - indent.length)
        .map(line => `${indent}${line}`)
        .join('\n')
    })
    .join('\n\n')

export const opening = (lesson: Lesson, look: Look): string => {
  const { number, title, minutes, claims: ids, question, intro } = lesson
  const { paint } = look
  return [
    `${paint.strong(`Lesson ${number}: ${title}`)}${paint.dim(`  about ${minutes} minutes · claims ${ids.join(' ')}`)}`,
    prose(`**${question}**`, look),
    prose(intro, look),
  ].join('\n\n')
}

export const choicesOf = ({ predict }: Lesson, look: Look): string =>
  [
    look.paint.strong('Predict'),
    prose(predict.text, look),
    ...predict.choices.map(
      ({ letter, text }) => `  ${look.paint.strong(letter)}  ${prose(text, look, '     ').trimStart()}`,
    ),
  ].join('\n')

export const stepHead = (step: Step, { steps }: Lesson, { paint }: Look): string =>
  `\n${paint.strong(`Step ${step.number} of ${steps.length}: ${step.title}`)}`

export const doneLine = ({ saw }: Judgement, look: Look): string =>
  `${look.paint.good('✓ done')}  ${prose(saw, look, '        ').trimStart()}`

/** What people say about the faults that are in the lab. */
export const complaintsOf = (faults: readonly Fault[], topology: Topology, seed: number, look: Look): string =>
  [
    look.paint.strong(`What you are told (seed ${seed} plays it again):`),
    ...faults.map(fault => prose(fault.complaint(topology), look, '    ').replace(/^ {4}/, '  - ')),
  ].join('\n')

export const causesOf = (faults: readonly Fault[], topology: Topology, look: Look): string =>
  [
    look.paint.strong('What it was:'),
    ...faults.map(fault => prose(`${fault.name}: ${fault.cause(topology)}`, look, '    ').replace(/^ {4}/, '  - ')),
  ].join('\n')

type UnderWay = Pick<ControlState, 'rollout' | 'rotation' | 'breakGlass' | 'switched' | 'hops' | 'workloads'>

/** Where a lesson begins, and what ends for it that somebody had begun or switched at this lab. */
export const brought = (mode: Mode, now: UnderWay): string => {
  const { rollout, rotation, breakGlass, switched, hops, workloads } = now
  const ends = [
    ...(rollout ? [`the rollout to ${rollout.to} is rolled back`] : []),
    ...(rotation ? ['the rotation under way is taken back'] : []),
    ...(breakGlass ? [`break-glass on ${linkTitle(breakGlass.link)} ends`] : []),
    ...Object.keys(switched).map(name => `${name} goes back to its default`),
    ...hops.filter(({ verify }) => !verify).map(({ link }) => `${linkTitle(link)} is verified again`),
    ...workloads.filter(({ connected }) => !connected).map(({ name }) => `${name} is let in again`),
  ]
  const told = ends.length === 0 ? '' : ` What is changed at it for that: ${listed(ends)}.`
  return `The lab is brought into ${mode}, with nothing switched.${told}`
}

/** What was predicted beside what came. */
export const comparison = ({ predict }: Lesson, { prediction, cameTrue }: Kept, look: Look): string => {
  const said = predict.choices.find(({ letter }) => letter === prediction)
  const came = predict.choices.filter(({ letter }) => cameTrue.includes(letter))
  const told = came.map(sentence).join(' ')
  if (came.length === 0) return prose('None of the predictions was seen to come true in what was done here.', look)
  const right = said && cameTrue.includes(said.letter)
  const verdict = said
    ? right
      ? look.paint.good('✓ You predicted what happened.')
      : `You predicted ${sentence(said)}`
    : 'You predicted nothing.'
  return prose(`${verdict} What was seen is ${told}`, look)
}

const sentence = ({ letter, text }: { letter: string; text: string }): string =>
  `${letter}. ${text}${/[.!?]$/.test(text) ? '' : '.'}`

export const closing = (lesson: Lesson, kept: Kept, look: Look, here: string): string =>
  [
    comparison(lesson, kept, look),
    ...lesson.after.map(({ title, text }) => `${look.paint.strong(title)}\n${prose(text, look)}`),
    [look.paint.strong('Shown'), ...lesson.claims.map(id => prose(`${id}  ${claims[id]}`, look, '  '))].join('\n'),
    `hop lab reset ${lesson.number}${here} puts the lab back as this lesson found it; hop lab${here} lists what comes next.`,
  ].join('\n\n')

/** How another terminal is to name this lab, where it has to. */
export const whereIs = (stateDir: string, usual: string): string => (stateDir === usual ? '' : ` --state ${stateDir}`)
