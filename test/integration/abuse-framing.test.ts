import { afterAll, beforeAll, expect, test } from 'vitest'
import { operator, startTestLab, type TestLab } from '../support/lab.ts'
import { type Case, desyncCases } from '../unit/chassis/desync-cases.ts'
import {
  addressOf,
  converse,
  dialEdge,
  dialPlain,
  dialTls,
  failureIn,
  orderBytes,
  reportOf,
  stateOf,
  statusesIn,
  stealIdentity,
} from './abuse-support.ts'

let lab: TestLab

beforeAll(async () => {
  lab = await startTestLab()
})
afterAll(() => lab.close())

/** What an insider has to say where nothing else proves who he is. */
const stated = (caller: string) => `X-Spiffe-Id: spiffe://hop.lab/${caller}`

const stranger = async () => {
  const { bundle: ca } = await stateOf(lab)
  return () => dialEdge(lab, { ca })
}
const insider = (name: string) => async () => {
  const address = await addressOf(lab, name)
  return async () => dialPlain(address)
}
const thief = async () => {
  const { key, cert, ca } = await stealIdentity(lab, 'orders')
  const address = await addressOf(lab, 'payments')
  return () => dialTls(address, { key, cert, ca, checkServerIdentity: () => undefined })
}

const shipment = () => {
  const body = JSON.stringify({ address: '1 Harbour Street' })
  return `POST /shipments HTTP/1.1\r\nHost: x.test\r\n${stated('orders')}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`
}

/** Everything that reads HTTP in the lab, reached as directly as an attacker can; `good` is what it is there for. */
const terminators = [
  {
    name: 'edge',
    mode: 'edge-terminate-plaintext',
    enter: stranger,
    good: () => orderBytes(lab, ['Connection: close']),
  },
  {
    name: 'gateway',
    mode: 'edge-terminate-plaintext',
    enter: insider('gateway'),
    good: () => orderBytes(lab, [stated('edge'), 'Connection: close']),
  },
  {
    name: 'orders',
    mode: 'edge-terminate-plaintext',
    enter: insider('orders'),
    good: () => orderBytes(lab, [stated('gateway'), 'Connection: close']),
  },
  { name: 'shipping', mode: 'edge-terminate-plaintext', enter: insider('shipping'), good: shipment },
  {
    name: 'payments',
    mode: 'mtls',
    enter: thief,
    good: () =>
      'POST /charges HTTP/1.1\r\nHost: x.test\r\nContent-Type: application/json\r\nContent-Length: 38\r\nConnection: close\r\n\r\n{"card":"4000000000000002","amount":1}',
  },
  {
    name: 'orders',
    mode: 'passthrough',
    enter: stranger,
    good: () => orderBytes(lab, ['Connection: close']),
  },
] as const

/** The answer to a case: refused as the table says, or every request of it answered for itself, and no other. */
const judge = (row: Case, answer: string): unknown => {
  const statuses = statusesIn(answer)
  if ('passes' in row) return statuses.length === row.passes.length ? undefined : { row: row.name, statuses }
  // a body that turns out malformed after its request was denied ends the connection, at times before the denial is read
  if ('cut' in row && statuses.length === 0) return undefined
  const [status] = 'refused' in row ? [row.refused] : statuses
  const named = row.failure === '*' || row.failure === failureIn(answer) || failureIn(answer) === 'denied-by-policy'
  return statuses.length === 1 && statuses[0] === status && named
    ? undefined
    : { row: row.name, statuses, failure: failureIn(answer) }
}

test.each(terminators)(
  '$name ($mode) reads each request in one way only, or not at all',
  async ({ name, mode, enter, good }) => {
    await operator(lab, 'PUT', '/api/mode', { mode })
    const dial = await enter()
    const legitimate = async () =>
      expect(statusesIn(await converse(await dial(), good()))[0]).toSatisfy(status => status === 200 || status === 201)
    await legitimate()
    const { cursor } = await reportOf(lab, name)
    const wrong: unknown[] = []
    // a listener that takes plaintext only sees that one coming, before HTTP
    const left = desyncCases.filter(row => row.name !== 'TLS to a plaintext port')
    const one = async () => {
      for (let row = left.pop(); row; row = left.pop()) {
        const bytes = row.bytes.replaceAll('x.test', lab.topology.ingress.serverName)
        const failed = judge(row, await converse(await dial(), bytes))
        if (failed) wrong.push(failed)
      }
    }
    await Promise.all(Array.from({ length: 16 }, one))
    expect(wrong).toEqual([])
    await legitimate()
    const { requests } = await reportOf(lab, name, cursor)
    const reached = requests.filter(({ denied }) => denied === undefined).map(({ method, path }) => `${method} ${path}`)
    expect([...new Set(reached)]).toEqual([good().split(' HTTP')[0]])
    expect(requests.filter(({ path }) => path === '/smuggled')).toEqual([])
  },
)
