import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { desyncCases } from './desync-cases.ts'
import { exchange, type Hop, startHop, statuses } from './hop.ts'
import { type Recorder, startRecorder } from './recorder.ts'

let backend: Recorder
let hop: Hop

beforeAll(async () => {
  backend = await startRecorder()
  hop = await startHop({ backend: backend.port, limits: { lingerMs: 200, headersMs: 2_000, checkEveryMs: 200 } })
})
afterAll(async () => {
  await hop.close()
  await backend.close()
})
beforeEach(() => backend.clear())

const cleanRequest = 'POST /clean HTTP/1.1\r\nHost: x.test\r\nContent-Length: 5\r\nConnection: close\r\n\r\nclean'
const expectClean = async () => {
  backend.clear()
  expect(statuses(await exchange(hop.port, cleanRequest))).toEqual([200])
  expect(backend.requests.map(({ line, body }) => [line, body])).toEqual([['POST /clean HTTP/1.1', 'clean']])
  backend.clear()
}

const failureIn = (answer: string): unknown => {
  const body = answer.slice(answer.indexOf('\r\n\r\n') + 4)
  return body === '' ? undefined : JSON.parse(body).failure
}

test.each(desyncCases)('$name', async row => {
  await expectClean()
  const answer = await exchange(hop.port, row.bytes)
  const reached = backend.requests.map(({ line, body }) => [line.replace(/ HTTP\/1\.1$/, ''), body])
  if ('passes' in row) {
    expect(reached.toSorted()).toEqual(row.passes.toSorted())
    expect(statuses(answer)).toEqual(row.passes.map(() => 200))
  } else {
    const failure = row.failure === '*' ? expect.any(String) : row.failure
    expect({ status: statuses(answer), failure: failureIn(answer) }).toEqual({
      status: ['refused' in row ? row.refused : row.cut],
      failure,
    })
    expect(answer).toMatch(/\r\nconnection: close\r\n/i)
    expect(reached).toEqual([])
  }
  await expectClean()
})

test('the table is about a hundred cases and more', () => {
  expect(desyncCases.length).toBeGreaterThanOrEqual(100)
  expect(new Set(desyncCases.map(({ name }) => name)).size).toBe(desyncCases.length)
})
