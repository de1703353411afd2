import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { operator, startTestLab, type TestLab } from '../support/lab.ts'
import { helloFor } from '../unit/edge/hellos.ts'
import {
  addressOf,
  converse,
  dialEdge,
  dialPlain,
  dialTls,
  oneAnswer,
  orderBytes,
  reportOf,
  stateOf,
  statusesIn,
  stealIdentity,
} from './abuse-support.ts'
import { createFakeWorkload } from './control-support.ts'

let lab: TestLab
let logs = ''
const logTo = {
  write(line: string) {
    logs += line
  },
}

beforeAll(async () => {
  lab = await startTestLab({ logTo })
})
afterAll(() => lab.close())

describe('what others write into logs and records', () => {
  const colour = '\x9b31m'
  // C0 but newline between lines of the log, DEL, C1, and what turns the direction of text
  const obeyed = /[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]/
  const isClean = (value: unknown): boolean => {
    if (typeof value === 'string') return !obeyed.test(value)
    return typeof value !== 'object' || value === null || Object.entries(value).every(pair => pair.every(isClean))
  }

  test('traceparent, ids, addresses, paths and names are kept only when harmless', async () => {
    logs = ''
    const stated = 'X-Spiffe-Id: spiffe://hop.lab/gateway'
    const { cursor } = await reportOf(lab, 'orders')
    const garbage = [
      'traceparent: 00-zz-yy-01',
      `traceparent: 00-${'0'.repeat(32)}-${'0'.repeat(16)}-01`,
      `traceparent: 00-${'a'.repeat(32)}-${'b'.repeat(16)}-01${colour}`,
      `X-Request-Id: ${colour}evil`,
      'X-Request-Id: "},{"level":60',
      `X-Forwarded-For: ${colour}, evil, 192.0.2.1${colour}`,
      `User-Agent: ${colour}`,
      `tracestate: ${colour}`,
    ]
    const orders = dialPlain(await addressOf(lab, 'orders'))
    for (const line of garbage)
      expect(statusesIn(await converse(orders, orderBytes(lab, [stated, line]), oneAnswer))).toEqual([201])
    orders.destroy()
    const known = [
      'traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      'X-Request-Id: a-good-request-id',
      'X-Forwarded-For: 192.0.2.7',
    ]
    const insider = dialPlain(await addressOf(lab, 'orders'))
    expect(statusesIn(await converse(insider, orderBytes(lab, [stated, ...known]), oneAnswer))).toEqual([201])
    insider.destroy()

    const edge = await dialEdge(lab)
    const paths = ['/orders/%1b%5b31m', '/orders/%0a%7b%22level%22:60%7d', '/orders/%c2%9b', '/orders/%e2%80%ae']
    for (const path of paths)
      expect(statusesIn(await converse(edge, `GET ${path} HTTP/1.1\r\nHost: shop.hop.lab\r\n\r\n`, oneAnswer))).toEqual(
        [404],
      )
    edge.destroy()
    for (const line of [
      'GET /orders/\x1b[31m HTTP/1.1',
      `GET /orders/${colour} HTTP/1.1`,
      'GET /orders/x HTTP/1.1\r\nX-A: \x1b[31m',
    ]) {
      const raw = await dialEdge(lab)
      expect(statusesIn(await converse(raw, `${line}\r\nHost: shop.hop.lab\r\n\r\n`))).toEqual([400])
    }

    const { requests } = await reportOf(lab, 'orders', cursor)
    const posts = requests.filter(({ method }) => method === 'POST')
    for (const record of posts.slice(0, garbage.length)) {
      expect(record).toMatchObject({
        requestId: expect.stringMatching(/^[0-9a-f]{24}$/),
        traceId: expect.stringMatching(/^[0-9a-f]{32}$/),
        clientAddress: '127.0.0.1',
      })
      expect(record.parentSpanId).toBeUndefined()
    }
    expect(posts.at(-1)).toMatchObject({
      traceId: '0af7651916cd43dd8448eb211c80319c',
      parentSpanId: 'b7ad6b7169203331',
      requestId: 'a-good-request-id',
      clientAddress: '192.0.2.7',
    })
  })

  test.each(['edge-terminate-plaintext', 'passthrough'] as const)(
    'server names, workload names and enrolment under %s',
    async mode => {
      await operator(lab, 'PUT', '/api/mode', { mode })
      const names = ['\x1b[31mred', 'a\nb', '\x9b31m', '\u202eevil', '__proto__', 'x'.repeat(300)]
      for (const name of names) {
        await converse(dialPlain(lab.access.edge), helloFor(Buffer.from(name, 'latin1')))
        const site = { address: lab.access.control, bootstrap: [(await stateOf(lab)).bundle] }
        const { status } = await createFakeWorkload(site, `orders${name}`).enrol('x'.repeat(43))
        expect(status).toBe(name.length < 200 ? 404 : 400)
      }
      if (mode === 'passthrough') {
        const { key, cert, ca } = await stealIdentity(lab, 'orders')
        for (const servername of ['\x1b[31mred', '\x9b31m', '\u202eevil']) {
          const options = { key, cert, ca, servername, checkServerIdentity: () => undefined }
          const socket = await dialTls(await addressOf(lab, 'payments'), options)
          expect(statusesIn(await converse(socket, orderBytes(lab), oneAnswer))).toEqual([403])
          socket.destroy()
        }
      }
      const { connections } = await reportOf(lab, 'edge')
      expect(connections.filter(({ failure }) => failure).length).toBeGreaterThanOrEqual(names.length)
      expect(logs).toMatch(/unrecognized-name|server-name/)
      const lines = logs.trim().split('\n')
      expect(lines.filter(line => obeyed.test(line))).toEqual([])
      for (const line of lines) expect(JSON.parse(line).level).toBeLessThan(60)
      const reports = await Promise.all(Object.keys(lab.topology.workloads).map(name => reportOf(lab, name)))
      for (const record of reports.flatMap(report => [...report.connections, ...report.requests]))
        expect([record, isClean(record)]).toEqual([record, true])
    },
  )
})
