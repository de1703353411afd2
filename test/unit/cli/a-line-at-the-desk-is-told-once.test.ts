import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import { createDesk } from '../../../cli/lessons/desk.ts'

const seat = () => {
  const input = new PassThrough()
  const output = new PassThrough()
  return { input, output, desk: createDesk('/nowhere', { catching: true, lesson: 1, input, output }) }
}
const never = new AbortController().signal

test('what is typed is the answer, line by line', async () => {
  const { input, output, desk } = seat()
  for (const line of ['b', '', 'hop mode mtls']) {
    const asked = desk.line('> ', never)
    input.write(`${line}\n`)
    expect(await asked).toBe(line)
  }
  expect(output.read().toString()).toBe('> > > ')
})

test('the end of input is no line', async () => {
  const { input, desk } = seat()
  const asked = desk.line('> ', never)
  input.end()
  expect(await asked).toBeUndefined()
})

test('a question nobody waits for any more is taken back, and the next line is for the next one', async () => {
  const { input, desk } = seat()
  const over = new AbortController()
  const asked = desk.line('> ', over.signal)
  over.abort()
  expect(await asked).toBeUndefined()
  const again = desk.line('> ', never)
  input.write('a\n')
  expect(await again).toBe('a')
})

test('a command is run by a shell with the lab in its environment, and what it printed is caught', async () => {
  const { desk } = seat()
  expect(await desk.run('echo "$HOP_STATE" | head -1; echo out >&2; exit 3')).toEqual({
    code: 3,
    output: '/nowhere\nout\n',
  })
})
