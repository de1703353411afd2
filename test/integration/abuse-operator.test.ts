import { once } from 'node:events'
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestLab, type TestLab } from '../support/lab.ts'
import { failureIn, stateOf, statusesIn } from './abuse-support.ts'

let lab: TestLab

beforeAll(async () => {
  lab = await startTestLab()
})
afterAll(() => lab.close())

type Door = {
  base: () => string
  read: string
  act: string
  method: 'PUT' | 'POST'
  body: string
  undone: () => Promise<unknown>
}

/** The two APIs a page in the operator's browser could reach, and what an act of each would change. */
const doors: Record<string, Door> = {
  'the operator API': {
    base: () => lab.access.operator,
    ...{ read: '/api/state', act: '/api/mode', method: 'PUT', body: '{"mode":"mtls"}' },
    undone: async () => (await stateOf(lab)).mode === 'edge-terminate-plaintext',
  },
  'the wire': {
    base: () => lab.access.wire!,
    ...{ read: '/wire', act: '/wire/orders:payments/cut', method: 'POST', body: '{"refuse":true}' },
    undone: async () => {
      const answer = await fetch(`${lab.access.wire}/wire`, {
        headers: { authorization: `Bearer ${lab.access.token}` },
      })
      const { taps } = (await answer.json()) as { taps: { refusing: boolean }[] }
      return taps.every(({ refusing }) => !refusing)
    },
  },
}

/** What a page can make a browser send, and one that only misses the token. */
const forged: [name: string, status: number, failure: string, changes: Record<string, string | undefined>][] = [
  ['a name that resolves to loopback (DNS rebinding)', 421, 'operator-host', { Host: 'rebound.example:PORT' }],
  ['another site', 403, 'operator-origin', { Origin: 'https://evil.example' }],
  ['a sandboxed frame (null Origin)', 403, 'operator-origin', { Origin: 'null' }],
  ['a fetch across sites', 403, 'operator-origin', { 'Sec-Fetch-Site': 'cross-site' }],
  ['a form in text/plain', 415, 'content-type', { 'Content-Type': 'text/plain' }],
  ['a form', 415, 'content-type', { 'Content-Type': 'application/x-www-form-urlencoded' }],
  ['no token', 401, 'operator-token', { Authorization: undefined }],
  ['a wrong token', 401, 'operator-token', { Authorization: 'Bearer wrong' }],
]

describe.each(Object.entries(doors))('%s', (_, { base, read, act, method, body, undone }) => {
  const send = async (changes: Record<string, string | undefined>, get = false): Promise<string> => {
    const { port } = new URL(base())
    const headers: Record<string, string | undefined> = {
      Host: `127.0.0.1:${port}`,
      Authorization: `Bearer ${lab.access.token}`,
      Connection: 'close',
      ...(get ? {} : { 'Content-Type': 'application/json', 'Content-Length': String(body.length) }),
      ...changes,
    }
    const lines = Object.entries(headers).flatMap(([name, value]) =>
      value === undefined ? [] : [`${name}: ${value.replace('PORT', port)}`],
    )
    const socket = connect(Number(port), '127.0.0.1')
    let text = ''
    socket.on('data', chunk => {
      text += chunk.toString('latin1')
    })
    socket.write(
      `${get ? 'GET' : method} ${get ? read : act} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n${get ? '' : body}`,
    )
    await once(socket, 'close')
    return text
  }

  test('lets the operator in', async () => {
    expect(statusesIn(await send({}, true))).toEqual([200])
  })

  test.each(forged)('refuses %s, and nothing happens', async (_name, status, failure, changes) => {
    const answer = await send(changes)
    expect([statusesIn(answer), failureIn(answer)]).toEqual([[status], failure])
    expect(answer).not.toMatch(/access-control-/i)
    expect(answer).not.toContain(lab.access.token)
    expect(await undone()).toBe(true)
  })

  test('lets the operator act, after all that', async () => {
    expect(statusesIn(await send({}))).toEqual([200])
    expect(await undone()).toBe(false)
  })
})
