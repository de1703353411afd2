import { readFileSync, writeFileSync } from 'node:fs'
import { afterAll, expect, test } from 'vitest'
import type { Judgement } from '../../labs/predicates.ts'
import { lessonFiles, readLesson } from '../../labs/shelf.ts'
import { createHome, hop } from '../support/cli.ts'
import { settled, transcriptsOf, withOutputs } from './transcripts.ts'

const place = createHome()
afterAll(() => place.clean())

type Command = { step: number; command: string; before: Judgement; output: string }
type Event = { event: string; step?: number; cameTrue?: string[] } & Partial<Command & Judgement>

/** A lesson as whoever takes it alone in a new lab sees it: everything that was run, and what came of it. */
const played = async (number: number, state: string) => {
  const { out, err, code } = await hop('lab', String(number), '--auto', '--json', '--state', state)
  const events = out
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as Event)
  const commands = events.filter(({ event }) => event === 'command') as Command[]
  return {
    code,
    err,
    events,
    commands: commands.map(each => ({ ...each, output: each.output.replaceAll(state, '.hop') })),
  }
}

/** With HOP_UPDATE_LABS set, lessons are given what was printed instead of being held against it. */
test.each(lessonFiles())('%s', async file => {
  const lesson = readLesson(file)
  const page = readFileSync(`labs/${file}`, 'utf8')
  const state = place.dir(lesson.slug)
  await hop('up', '--detach', '--state', state)
  const { code, err, events, commands } = await played(lesson.number, state)
  await hop('down', '--if-running', '--state', state)
  if (process.env.HOP_UPDATE_LABS) writeFileSync(`labs/${file}`, withOutputs(page, commands))
  expect(code, err + JSON.stringify(events.at(-1))).toBe(0)

  for (const { number } of lesson.steps) {
    const first = commands.find(({ step }) => step === number)
    expect(first?.before, `step ${number} before anything was done`).toMatchObject({ holds: false })
    const done = events.find(({ event, step }) => event === 'done' && step === number)
    expect(done, `step ${number} afterwards`).toMatchObject({ holds: true })
  }
  expect(events.at(-1)?.event).toBe('over')
  expect(events.at(-1)?.cameTrue, 'exactly one prediction comes true').toHaveLength(1)

  const transcripts = transcriptsOf(page)
  expect(commands.map(({ command }) => command)).toEqual(transcripts.map(({ command }) => command))
  if (process.env.HOP_UPDATE_LABS) return
  for (const [i, { command, output }] of commands.entries())
    expect(settled(output), command).toEqual(settled(transcripts[i]!.output))
})
