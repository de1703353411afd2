import { existsSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { createProgram } from '../../../cli/program.ts'
import { afterwards, commandsOf, type Lesson } from '../../../labs/lesson.ts'
import { predicates } from '../../../labs/predicates.ts'
import { findLesson, lessonFiles, lessons } from '../../../labs/shelf.ts'
import { catalogue } from '../../../scenarios/catalogue.ts'
import { claims } from '../../../scenarios/claims.ts'
import { thrownBy } from '../topology/shop.ts'

const all = lessons()
const each = all.map((lesson): [string, Lesson] => [lesson.slug, lesson])

/** The path that the essays recommend to whoever can do one thing at a time, by what each lesson is there to show. */
const path = ['C8', 'B2', 'B5', 'I1', 'I4', 'L1', 'L4', 'L5', 'B8', 'O5', 'S4', 'D2'] as const

test('D7 is shown: the lessons go the way from a well kept edge inward, first to last, and decide at the end', () => {
  const first = path.map(id => all.findIndex(lesson => lesson.claims.includes(id)))
  expect(first).not.toContain(-1)
  expect(first).toEqual([...first].sort((a, b) => a - b))
  expect(all.filter(lesson => lesson.claims.includes('D7')).map(({ number }) => number)).toEqual([1, all.length])
})

test('they are numbered without a gap', () => {
  expect(all.length).toBeGreaterThanOrEqual(12)
  expect(all.map(({ number }) => number)).toEqual(all.map((_, i) => i + 1))
  expect(lessonFiles()).toHaveLength(all.length)
})

test.each(each)('%s names claims that there are, each once', (_, lesson) => {
  expect(Object.keys(claims)).toEqual(expect.arrayContaining(lesson.claims))
  expect(new Set(lesson.claims).size).toBe(lesson.claims.length)
  expect(lesson.after.map(({ title }) => title)).toEqual([...afterwards])
})

test.each(each)('%s ends in something to be found, not only to be typed', (_, lesson) => {
  expect(lesson.steps.some(({ solution, hints }) => solution.length > 0 && hints.length === 3)).toBe(true)
})

test.each(each)('%s runs only hop, with tools that every machine has', (_, lesson) => {
  const names = createProgram(() => {}).commands.map(command => command.name())
  for (const { command } of lesson.steps.flatMap(step => [...commandsOf(step), ...step.solution])) {
    const [first = '', ...piped] = command.split(' | ')
    const name = /^\.\/hop ([a-z-]+)/.exec(first)?.[1]
    expect(name === undefined ? first : names, command).toEqual(
      name === undefined ? 'sleep 10' : expect.arrayContaining([name]),
    )
    for (const filter of piped) expect(filter, command).toMatch(/^(head|grep) /)
    expect(command).not.toMatch(/(^|\s)(-k|--insecure)\b/)
  }
})

test.each(each)('%s runs scenarios that there are', (_, lesson) => {
  const text = readFileSync(`labs/${lessonFiles()[lesson.number - 1]}`, 'utf8')
  const ids = catalogue.map(({ id }) => id as string)
  for (const [, id = ''] of text.matchAll(/hop (?:run|explain) ([a-z0-9-]+)|scenario=([a-z0-9-]+)/g))
    if (id) expect(ids).toContain(id)
})

test('every predicate is one that a lesson waits for', () => {
  const used = all.flatMap(({ predict, steps }) => [
    ...predict.choices.map(({ condition }) => condition.name),
    ...steps.flatMap(({ conditions }) => conditions.map(({ name }) => name)),
  ])
  expect([...new Set(used)].sort()).toEqual(Object.keys(predicates).sort())
})

test('a lesson is found by number and by name, and a mistyped one is told', () => {
  expect(findLesson('04').number).toBe(4)
  expect(findLesson('who-is-calling').number).toBe(4)
  expect(thrownBy(() => findLesson('who-is-caling'))).toMatchObject({
    code: 'lesson-unknown',
    remedy: 'Did you mean who-is-calling?',
  })
  for (const word of ['0', '99', '', 'x']) expect(thrownBy(() => findLesson(word)).code).toBe('lesson-unknown')
})

test('the leader finds every lesson in his guide', () => {
  expect(existsSync('labs/leaders-guide.md')).toBe(true)
  const guide = readFileSync('labs/leaders-guide.md', 'utf8')
  for (const { title } of all) expect(guide).toContain(title)
})
