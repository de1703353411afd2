import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { isAlive } from '../../lab/process-life.ts'
import { readLabFile } from '../../lab/state-file.ts'
import { answerOf, createHome, hop, start } from '../support/cli.ts'

let place: ReturnType<typeof createHome>
beforeEach(() => {
  place = createHome()
})
afterEach(() => place.clean())

const pidIn = (dir: string): number => readLabFile(dir)?.pid ?? 0

it('a lab comes up in the background and goes down without a trace', async () => {
  const dir = place.dir('a')
  expect((await hop('up', '--detach', '--state', dir)).code).toBe(0)
  const lab = readLabFile(dir)!
  const { pid } = lab
  expect(isAlive(lab)).toBe(true)
  expect(statSync(dir).mode & 0o777).toBe(0o700)
  for (const name of readdirSync(dir)) expect(statSync(join(dir, name)).mode & 0o077, name).toBe(0)
  const token = readLabFile(dir)?.access.token ?? 'none'
  const { code, answer } = await answerOf('down', '--state', dir)
  expect({ code, answer }).toMatchObject({ code: 0, answer: { ended: true, pid } })
  expect(isAlive(lab)).toBe(false)
  expect(existsSync(join(dir, 'lab.json'))).toBe(false)
  expect(readFileSync(join(dir, 'lab.log'), 'utf8')).not.toContain(token)
  expect((await hop('down', '--state', dir)).code).toBe(3)
  expect((await hop('down', '--state', dir, '--if-running')).code).toBe(0)
})

it('two labs stand side by side; a second one in the same place is refused', async () => {
  const [a, b] = [place.dir('a'), place.dir('b')]
  await Promise.all([hop('up', '--detach', '--state', a), start(['up', '--detach'], { env: { HOP_STATE: b } }).ended])
  await hop('mode', 'mtls', '--state', a)
  expect((await answerOf('mode', '--state', a)).answer.mode).toBe('mtls')
  expect((await answerOf('mode', '--state', b)).answer.mode).toBe('edge-terminate-plaintext')
  for (const more of [[], ['--detach']]) {
    const second = await hop('up', '--state', a, ...more)
    expect(second.code).toBe(2)
    expect(second.err).toContain(`process ${pidIn(a)}`)
  }
  expect((await hop('down', '--state', a)).code).toBe(0)
  expect((await hop('mode', '--state', b)).code).toBe(0)
  expect((await hop('down', '--state', b)).code).toBe(0)
})

it('after kill -9 the next one goes on in the same place and mode', async () => {
  const dir = place.dir('a')
  await hop('up', '--detach', '--state', dir, '--mode', 'mtls')
  const pid = pidIn(dir)
  process.kill(pid, 'SIGKILL')
  expect((await hop('state', '--state', dir)).code).toBe(3)
  expect((await hop('up', '--detach', '--state', dir)).code).toBe(0)
  expect(pidIn(dir)).not.toBe(pid)
  expect((await answerOf('mode', '--state', dir)).answer.mode).toBe('mtls')
  expect((await hop('request', '--state', dir)).code).toBe(0)
  await hop('down', '--state', dir)
})

it('--mode on an old state goes there', async () => {
  const dir = place.dir('a')
  await hop('up', '--detach', '--state', dir)
  await hop('down', '--state', dir)
  await hop('up', '--detach', '--state', dir, '--mode', 'passthrough')
  expect((await answerOf('mode', '--state', dir)).answer.mode).toBe('passthrough')
  await hop('down', '--state', dir)
})

it('a lab that was held in the middle of a rollout comes up again, still holding', async () => {
  const dir = place.dir('a')
  await hop('up', '--detach', '--state', dir)
  await hop('mode', 'mtls', '--stop-at', 'widen', '--state', dir)
  await hop('down', '--state', dir)
  expect((await hop('up', '--detach', '--state', dir)).code).toBe(0)
  expect((await answerOf('mode', '--state', dir)).answer.rollout).toMatchObject({ to: 'mtls', step: 'widen' })
  expect((await hop('mode', 'mtls', '--state', dir)).code).toBe(0)
  await hop('down', '--state', dir)
})

it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('%s ends a lab in the foreground cleanly', async signal => {
  const dir = place.dir('a')
  const running = start(['up', '--state', dir])
  await running.until('is up')
  running.child.kill(signal)
  expect(await running.ended).toMatchObject({ code: 0, signal: null })
  expect(existsSync(join(dir, 'lab.json'))).toBe(false)
})

it('interrupted in the middle of the matrix, start ends with 130 and leaves nothing behind', async () => {
  const dir = place.dir('a')
  const running = start(['start', '--state', dir])
  await running.until('switched live')
  running.child.kill('SIGINT')
  expect(await running.ended).toMatchObject({ code: 130, signal: null })
  expect(existsSync(join(dir, 'lab.json'))).toBe(false)
})

it('without the wire a lab works, and says why nothing can be captured', async () => {
  const dir = place.dir('a')
  await hop('up', '--detach', '--no-wire', '--state', dir)
  expect((await hop('request', '--state', dir)).code).toBe(0)
  expect(await answerOf('capture', 'edge:gateway', '--state', dir)).toMatchObject({
    code: 2,
    answer: { error: { code: 'wire-off' } },
  })
  await hop('down', '--state', dir)
})

it('a state that was made with the wire works without it, and the other way round', async () => {
  const dir = place.dir('a')
  for (const more of [[], ['--no-wire'], []]) {
    await hop('up', '--detach', '--state', dir, ...more)
    expect((await hop('request', '--state', dir)).code, more.join()).toBe(0)
    await hop('down', '--state', dir)
  }
})

it('start prints the matrix of all modes and ends with its verdict', async () => {
  const dir = place.dir('a')
  const { code, out } = await hop('start', '--state', dir)
  for (const mode of ['edge-terminate-plaintext', 're-encrypt', 'mtls', 'passthrough', 'hybrid'])
    expect(out).toMatch(new RegExp(`^${mode} +switched live in`, 'm'))
  expect(out).toMatch(/\d+ cells, all as expected/)
  expect(code).toBe(0)
  expect(existsSync(join(dir, 'lab.json'))).toBe(false)
})
