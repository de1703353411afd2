import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createLabHttp, errorOf, type LabHttp } from '../../../scenarios/lab-http.ts'

const server = createServer((_request, response) => {
  response.write('{"type":"step"}\n')
  response.once('finish', () => {})
  setImmediate(() => response.destroy())
})
let http: LabHttp

beforeAll(async () => {
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  http = createLabHttp(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, 'token')
})
afterAll(async () => {
  await http.close()
  server.close()
})

const all = async (lines: AsyncGenerator<unknown>): Promise<void> => {
  for await (const _ of lines);
}

it.each<[string, () => Promise<unknown>]>([
  ['an answer', () => http.json('GET', '/')],
  ['a file', () => http.bytes('GET', '/')],
  ['a narration', () => all(http.lines('GET', '/'))],
])('a lab that goes away in the middle of %s is said to be gone', async (_, work) => {
  await expect(work()).rejects.toMatchObject({
    code: 'lab-gone',
    field: 'lab',
    remedy: expect.stringContaining('hop up'),
  })
})

it('what to do is told once', () => {
  const error = errorOf({ code: 'a', detail: 'It is so. Do that', remedy: 'Do that' })
  expect(error.message).toBe('It is so. Do that')
})
