import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import type { Desk } from '../../cli/lessons/desk.ts'
import { guide, type Room } from '../../cli/lessons/guide.ts'
import { type Session, startOver } from '../../cli/lessons/session.ts'
import { createScreen } from '../../cli/screen.ts'
import type { Lesson } from '../../labs/lesson.ts'
import { parseLesson } from '../../labs/parse.ts'
import { readProgress } from '../../labs/progress-file.ts'
import { setOut } from '../../labs/walk.ts'
import { followRequest } from '../../scenarios/follow.ts'
import { intrude } from '../../scenarios/intrude.ts'
import { connectLab, type LabClient } from '../../scenarios/lab-client.ts'
import { startTestLab, type TestLab } from '../support/lab.ts'
import { verdictsFor } from '../support/verdicts.ts'
import { file, page } from '../unit/labs/a-lesson.ts'

const lesson: Lesson = parseLesson(file, page)
let started: TestLab
let lab: LabClient
let session: Session

const at = () => ({
  ...{ stateDir: started.stateDir, lab, lesson },
  file: { version: 'x', pid: 7, born: null, startedAt: '2026-01-01T00:00:00.000Z', access: started.access },
})

beforeAll(async () => {
  started = await startTestLab({ mode: 're-encrypt' })
  lab = await connectLab(started.access)
})
afterAll(async () => {
  await lab.close()
  await started.close()
})
beforeEach(async () => {
  await lab.setSwitch('policy', { kind: 'allow-all' })
  await lab.lifecycle.breakGlass({ link: 'orders:payments', forS: 600, reason: 'a test' }).catch(() => {})
  session = await startOver(at())
})

it('the lab is brought to where a lesson begins, and how it was found is kept', async () => {
  const state = await lab.state()
  expect(state).toMatchObject({ mode: lesson.mode, switched: {}, breakGlass: null, settled: true })
  expect(readProgress(started.stateDir)[lesson.slug]).toMatchObject({
    step: 1,
    found: { switches: { policy: { kind: 'allow-all' } }, state: { bundle: '' } },
  })
})

it('what happened before a step began does not count for it, over connections that were open before neither', async () => {
  const [look] = lesson.steps
  await followRequest(lab)
  await session.begin(look!)
  expect((await session.judge(look!)).holds).toBe(false)
  await followRequest(lab)
  const judged = await session.judge(look!)
  expect(judged).toMatchObject({ holds: true, saw: expect.stringContaining('answered 201') })
  await session.begin(look!)
  expect((await session.judge(look!)).holds).toBe(false)
})

it('a verdict of before does not count either', async () => {
  const [look] = lesson.steps
  const step = {
    ...look!,
    conditions: parseLesson(file, page.replace('request at=edge status=2xx', 'verdict scenario=eavesdrop is=holds'))
      .steps[0]!.conditions,
  }
  verdictsFor(started.stateDir, 'shop', new Date(Date.now() - 1000).toISOString())
  await session.begin(step)
  expect((await session.judge(step)).holds).toBe(false)
  verdictsFor(started.stateDir, 'shop', new Date().toISOString())
  expect((await session.judge(step)).holds).toBe(true)
})

it('a guide asks, runs, waits, and ends when it has happened, whoever did it', async () => {
  const typed = ['B', '', '', 'h']
  const ran: string[] = []
  const said: string[] = []
  const desk: Desk = {
    line: (_, signal) =>
      typed.length > 0
        ? Promise.resolve(typed.shift())
        : new Promise(resolve => {
            // nobody types any more; the call is made in another terminal
            intrude(lab, { link: 'orders:payments', papers: 'none', says: 'orders' })
            signal.addEventListener('abort', () => resolve(undefined))
          }),
    async run(command) {
      ran.push(command)
      if (command === './hop request') await followRequest(lab)
      return { code: 0, output: '' }
    },
  }
  const screen = { ...createScreen(true), say: (text: string) => void said.push(text) }
  const room: Room = { session, screen, desk, topology: started.topology, here: '' }
  const never = new Promise<never>(() => {})
  expect(await guide(room, setOut(lesson), { ended: never })).toBe(0)
  expect(ran).toEqual(['./hop request', './hop calls'])
  expect(session.kept()).toMatchObject({ step: 3, prediction: 'B', cameTrue: ['B'], finishedAt: expect.any(String) })
  expect(said.join('\n')).toMatch(/Hint 1 of 3: a nudge[\s\S]*✓ done[\s\S]*You predicted what happened/)
})
