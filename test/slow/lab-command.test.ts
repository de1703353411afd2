import { afterAll, beforeAll, expect, it } from 'vitest'
import { answerOf, createHome, hop } from '../support/cli.ts'

const place = createHome()
const state = place.dir('state')
const at = (...args: string[]) => [...args, '--state', state]

beforeAll(() => hop(...at('up', '--detach', '--mode', 'hybrid')))
afterAll(async () => {
  await hop(...at('down', '--if-running'))
  place.clean()
})

it('lists the lessons with how far one is, without a lab too', async () => {
  const { code, answer } = await answerOf('lab', '--state', place.dir('nowhere'))
  expect(code).toBe(0)
  expect(answer[0]).toMatchObject({ number: 1, claims: expect.arrayContaining(['D7']), progress: null })
})

it('plays a lesson, keeps what came of it, and puts the lab back as it was found', async () => {
  await hop(...at('switch', 'policy', 'allow-all'))
  const { code, out } = await hop(...at('lab', '4', '--auto', '--predict', 'b'))
  expect(code, out).toBe(0)
  expect(out).toMatch(/You predicted B\.[\s\S]*What was seen\s+is\s+C\./)
  const listed = await answerOf(...at('lab'))
  expect(listed.answer[3].progress).toMatchObject({
    step: 4,
    prediction: 'B',
    cameTrue: ['C'],
    finishedAt: expect.any(String),
  })
  expect((await answerOf(...at('state'))).answer).toMatchObject({ mode: 'mtls', switched: {} })
  expect((await answerOf(...at('lab', 'reset', '4'))).answer).toEqual({ lesson: 4, forgotten: true, putBack: true })
  const { answer } = await answerOf(...at('state'))
  expect(answer).toMatchObject({ mode: 'hybrid', switched: { policy: { kind: 'allow-all' } } })
  expect((await answerOf(...at('lab'))).answer[3].progress).toBeNull()
})

it('any draw of faults can be mended by what mends each of them', async () => {
  const { code, out, err } = await hop(...at('lab', 'repair', '--auto', '--seed', '42', '--json'))
  expect(code, err).toBe(0)
  const events = out
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
  expect(events[0]).toMatchObject({ event: 'lesson', seed: 42 })
  expect(events.at(-1).event).toBe('over')
})

it('asks nobody where nobody can answer, and names what is wrong', async () => {
  expect((await answerOf(...at('lab', '4'))).answer).toMatchObject({ slug: 'who-is-calling', progress: null })
  expect(await hop(...at('lab', '4'))).toMatchObject({ code: 2, err: expect.stringContaining('--auto') })
  for (const args of [
    ['lab', '99'],
    ['lab', 'reset'],
    ['lab', '4', '--auto', '--predict', 'Z'],
    ['lab', '4', '--auto', '--step', '9'],
    ['lab', '4', '5'],
  ])
    expect((await hop(...at(...args))).code, args.join(' ')).toBe(2)
})
