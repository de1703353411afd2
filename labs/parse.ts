import { type ClaimId, claimIds } from '../scenarios/claims.ts'
import { isMode, modes } from '../services/modes.ts'
import { conditionIn } from './condition.ts'
import { afterwards, type Choice, type Lesson, type Part, type Step } from './lesson.ts'
import { type Block, blocksOf, type Line, lessonInvalid, type Section, sectionsOf, transcriptsIn } from './markdown.ts'

/**
 * Reads a lesson. A file `NN-slug.md` is: `# N. Title`; a list of `- key: value` (question, minutes, mode, claims; faults and
 * seed where faults are drawn); prose; `## Predict` with choices `- A. text (step 2: \`condition\`)`; `## Step 1: title` and so
 * on, each with prose and `console` blocks, then, where it is a task, `Hint 1: …` to `Hint 3: …` and `Solution:` with its
 * block, and last `Done when \`condition\` and \`condition\`.`; then What happened, Change it, At work.
 * Throws `lesson-invalid` with file and line.
 */
export const parseLesson = (file: string, text: string): Lesson => {
  const [, number = '', slug = ''] = /^(\d\d)-([a-z0-9-]+)\.md$/.exec(file) ?? []
  if (number === '') throw lessonInvalid(file, 1, 'a file named like 04-who-is-calling.md', file)
  const { head, sections } = sectionsOf(text)
  const [predict, ...rest] = sections
  if (predict?.title !== 'Predict')
    throw lessonInvalid(file, predict?.at ?? 1, '## Predict first', predict?.title ?? 'no section')
  const stepSections = rest.slice(0, -afterwards.length)
  const lastSections = rest.slice(-afterwards.length)
  afterwards.forEach((title, i) => {
    const section = lastSections[i]
    if (section?.title !== title)
      throw lessonInvalid(file, section?.at ?? 1, `## ${title}`, section?.title ?? 'nothing')
  })
  const steps = stepSections.map((section, i) => stepIn(file, section, i + 1))
  if (steps.length === 0) throw lessonInvalid(file, predict.at, '## Step 1: …', 'no step')
  return {
    ...headIn(file, Number(number), slug, head),
    predict: predictIn(file, predict, steps.length),
    steps,
    after: lastSections.map(({ title, at, body }) => ({ title, text: proseIn(file, at, blocksOf(body, file)) })),
  }
}

type Head = Omit<Lesson, 'predict' | 'steps' | 'after'>

const headIn = (file: string, number: number, slug: string, lines: readonly Line[]): Head => {
  const [first, ...blocks] = blocksOf(lines, file)
  const title = /^# (\d+)\. (.+)$/.exec(first?.text ?? '')
  if (!title || Number(title[1]) !== number)
    throw lessonInvalid(file, 1, `# ${number}. and a title`, first?.text ?? 'nothing')
  const said = new Map<string, { value: string; at: number }>()
  while (/^- [a-z]+: /.test(blocks[0]?.text ?? '')) {
    const { text, at } = blocks.shift()!
    const [, key = '', value = ''] = /^- ([a-z]+): (.+)$/.exec(text)!
    if (!['question', 'minutes', 'mode', 'claims', 'faults', 'seed'].includes(key) || said.has(key))
      throw lessonInvalid(file, at, 'question, minutes, mode, claims, faults or seed, each once', key)
    said.set(key, { value, at })
  }
  const get = (key: string) => {
    const found = said.get(key)
    if (!found) throw lessonInvalid(file, 2, `- ${key}: …`, 'nothing')
    return found
  }
  const numberOf = (key: string): number => {
    const { value, at } = get(key)
    if (/^\d{1,9}$/.test(value)) return Number(value)
    throw lessonInvalid(file, at, 'a number', value)
  }
  const mode = get('mode')
  if (!isMode(mode.value)) throw lessonInvalid(file, mode.at, modes.join(', '), mode.value)
  const claims = get('claims')
  const ids = claims.value.split(/, /)
  const unknown = ids.find(id => !claimIds.includes(id as ClaimId))
  if (unknown !== undefined) throw lessonInvalid(file, claims.at, 'ids of claims', unknown)
  const minutes = numberOf('minutes')
  if (minutes < 10 || minutes > 20) throw lessonInvalid(file, get('minutes').at, '10 to 20', String(minutes))
  return {
    ...{ number, slug, title: title[2]!, question: get('question').value, minutes },
    ...{ mode: mode.value, claims: ids as ClaimId[], intro: proseIn(file, 1, blocks) },
    ...(said.has('faults') ? { faults: { count: numberOf('faults'), seed: numberOf('seed') } } : {}),
  }
}

const predictIn = (file: string, { body, at }: Section, steps: number): Lesson['predict'] => {
  const blocks = blocksOf(body, file)
  const choices = blocks.filter(({ text }) => text.startsWith('- ')).map(block => choiceIn(file, block, steps))
  const letters = choices.map(({ letter }) => letter).join('')
  if (choices.length < 2 || !'ABCD'.startsWith(letters))
    throw lessonInvalid(file, at, 'choices A, B and so on, up to D', letters || 'none')
  return {
    text: proseIn(
      file,
      at,
      blocks.filter(({ text }) => !text.startsWith('- ')),
    ),
    choices,
  }
}

const choiceIn = (file: string, { text, at }: Block, steps: number): Choice => {
  const [, letter = '', said = '', step = '', condition = ''] =
    /^- ([A-D])\. (.+) \(step (\d): `([^`]+)`\)$/.exec(text) ?? []
  if (letter === '') throw lessonInvalid(file, at, '- A. text (step 2: `condition`)', text)
  if (Number(step) < 1 || Number(step) > steps) throw lessonInvalid(file, at, `a step from 1 to ${steps}`, step)
  return { letter, text: said, step: Number(step), condition: conditionIn(file, at, condition) }
}

const stepIn = (file: string, { title, at, body }: Section, number: number): Step => {
  const [, said = '', name = ''] = /^Step (\d+): (.+)$/.exec(title) ?? []
  if (Number(said) !== number) throw lessonInvalid(file, at, `## Step ${number}: …`, title)
  const step: Step = { number, title: name, parts: [], hints: [], solution: [], conditions: [] }
  let solving = false
  for (const block of blocksOf(body, file)) {
    const hint = /^Hint (\d): (.+)$/.exec(block.text)
    if (step.conditions.length > 0) throw lessonInvalid(file, block.at, 'nothing after Done when', block.text)
    if (block.fence !== undefined) {
      const transcripts = transcriptsIn(block.text)
      if (block.fence !== 'console' || transcripts.length === 0)
        throw lessonInvalid(file, block.at, 'a console block with $ command', block.fence)
      if (solving) step.solution.push(...transcripts)
      else step.parts.push(...transcripts.map((transcript): Part => ({ transcript })))
    } else if (hint) {
      if (Number(hint[1]) !== step.hints.push(hint[2]!))
        throw lessonInvalid(file, block.at, 'hints in order', block.text)
    } else if (block.text === 'Solution:') solving = true
    else if (block.text.startsWith('Done when ')) step.conditions.push(...conditionsIn(file, block))
    else if (step.hints.length > 0) throw lessonInvalid(file, block.at, 'a hint, the solution, Done when', block.text)
    else step.parts.push({ prose: block.text })
  }
  if (step.conditions.length === 0) throw lessonInvalid(file, at, 'Done when `condition`.', 'none')
  if (solving && (step.hints.length !== 3 || step.solution.length === 0))
    throw lessonInvalid(file, at, 'three hints before a solution', `${step.hints.length}`)
  if (!solving && !step.parts.some(part => 'transcript' in part))
    throw lessonInvalid(file, at, 'a command, or a solution', 'neither')
  return step
}

const conditionsIn = (file: string, { text, at }: Block) => {
  const inner = /^Done when (`[^`]+`(?: and `[^`]+`)*)\.$/.exec(text)?.[1]
  if (inner === undefined) throw lessonInvalid(file, at, 'Done when `condition` and `condition`.', text)
  return [...inner.matchAll(/`([^`]+)`/g)].map(([, condition = '']) => conditionIn(file, at, condition))
}

const proseIn = (file: string, at: number, blocks: readonly Block[]): string => {
  const fenced = blocks.find(({ fence }) => fence !== undefined)
  if (fenced) throw lessonInvalid(file, fenced.at, 'prose', 'a block, which nothing would run')
  if (blocks.length === 0) throw lessonInvalid(file, at, 'some prose', 'nothing')
  return blocks.map(({ text }) => text).join('\n\n')
}
