import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ConnectionOptions } from 'node:tls'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Mode } from '../../services/modes.ts'
import { createPublicClient, operator, startTestLab, type TestLab } from '../support/lab.ts'
import { hasOpenssl } from '../unit/pki/openssl.ts'
import {
  addressOf,
  converse,
  dialEdge,
  dialPlain,
  oneAnswer,
  onWire,
  orderBytes,
  reportOf,
  seenBy,
  statusesIn,
} from './abuse-support.ts'

let lab: TestLab
let client: Awaited<ReturnType<typeof createPublicClient>>

beforeAll(async () => {
  lab = await startTestLab({ mode: 'mtls' })
  client = await createPublicClient(lab)
})
afterAll(async () => {
  await client.close()
  await lab.close()
})

const setMode = (mode: Mode) => operator(lab, 'PUT', '/api/mode', { mode })
const good = async () => expect((await client.send()).status).toBe(201)

const wire = async (act: string, body?: object) => {
  const answer = await fetch(`${lab.access.wire}/wire/orders:payments/${act}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${lab.access.token}`, ...(body ? { 'content-type': 'application/json' } : {}) },
    ...(body ? { body: JSON.stringify(body) } : {}),
  })
  expect(answer.status).toBe(200)
}

describe('an upstream that fails under mtls is a failure, never a reason to try with less', () => {
  const card = '4000000000000002'
  const heard: string[] = []
  const plaintext = createServer(socket => {
    socket.on('error', () => {})
    socket.on('data', chunk => {
      heard.push(chunk.toString('latin1'))
      socket.end(
        'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 29\r\n\r\n{"charge":"ch_1","amount":42}',
      )
    })
  })
  beforeAll(async () => {
    plaintext.listen(0, '127.0.0.1')
    await once(plaintext, 'listening')
  })
  afterAll(() => plaintext.close())

  test.each<[string, string, () => Promise<void>]>([
    ['gone', 'connection-closed', () => wire('cut', { refuse: true })],
    [
      'replaced by somebody who speaks plaintext',
      'tls-to-plaintext',
      () => wire('redirect', { host: '127.0.0.1', port: (plaintext.address() as AddressInfo).port }),
    ],
    ['replaced by another workload', 'wrong-identity', async () => wire('redirect', await addressOf(lab, 'inventory'))],
  ])('payments is %s', async (_, cause, interfere) => {
    await good()
    await interfere()
    await wire('cut', {})
    const { cursor } = await reportOf(lab, 'orders')
    for (let i = 0; i < 3; i++) {
      const { status, body } = await client.send()
      expect([status, JSON.parse(body)]).toMatchObject([502, { failure: cause, upstream: 'payments' }])
    }
    const tried = await seenBy(lab, 'orders', cursor, ({ connections }) =>
      connections.filter(({ link }) => link === 'orders:payments'),
    )
    expect(tried.filter(({ failure }) => !failure)).toEqual([])
    expect(await onWire(lab, 'orders:payments', card)).toBe(0)
    expect(heard.join('')).not.toMatch(/4000000000000002|HTTP\/1/)
    await wire('restore')
    await good()
  })

  test('plaintext and anonymous TLS at the door of payments are refused by what they are', async () => {
    const answer = await converse(
      dialPlain(await addressOf(lab, 'payments')),
      `POST /charges HTTP/1.1\r\nHost: payments\r\nX-Spiffe-Id: spiffe://hop.lab/orders\r\n\r\n`,
    )
    expect(statusesIn(answer)).toEqual([426])
    await seenBy(lab, 'payments', 0, ({ connections }) =>
      connections.find(({ failure }) => failure?.name === 'plaintext-to-tls'),
    )
    await good()
  })

  test('where the mode is plaintext, the same search finds the card', async () => {
    await setMode('edge-terminate-plaintext')
    await good()
    expect(await onWire(lab, 'orders:payments', card)).toBeGreaterThan(0)
  })
})

describe('sessions of the public', () => {
  /** One order on a connection of its own; whether it was resumed, and the sessions it was given. */
  const visit = async (options: ConnectionOptions) => {
    const socket = await dialEdge(lab, options)
    const sessions: Buffer[] = []
    socket.on('session', session => sessions.push(session))
    expect(statusesIn(await converse(socket, orderBytes(lab), oneAnswer))).toEqual([201])
    const resumed = socket.isSessionReused()
    const session = sessions.at(-1) ?? socket.getSession()
    socket.destroy()
    return { resumed, ...(session ? { session } : {}) }
  }

  test.each(['TLSv1.3', 'TLSv1.2'] as const)('are taken up by the same edge, %s', async version => {
    await setMode('edge-terminate-plaintext')
    const only = { minVersion: version, maxVersion: version }
    const { session } = await visit(only)
    await setMode('mtls')
    expect(await visit({ ...only, session: session! })).toMatchObject({ resumed: true })
  })

  test.each<[Mode, Mode[]]>([
    ['edge-terminate-plaintext', ['passthrough']],
    ['passthrough', ['mtls']],
    ['mtls', ['passthrough', 'mtls']],
  ])('begun under %s are a full handshake after %s', async (from, to) => {
    await setMode(from)
    const { session } = await visit({})
    expect(session).toBeDefined()
    for (const mode of to) await setMode(mode)
    expect(await visit({ session: session! })).toMatchObject({ resumed: false })
  })

  test('cannot be renegotiated', async () => {
    await setMode('edge-terminate-plaintext')
    const socket = await dialEdge(lab, { maxVersion: 'TLSv1.2' })
    expect(statusesIn(await converse(socket, orderBytes(lab), oneAnswer))).toEqual([201])
    const outcome = await new Promise(resolve => {
      socket.once('error', resolve)
      socket.renegotiate({}, resolve)
    })
    expect(outcome).toMatchObject({ code: expect.stringMatching(/NO_RENEGOTIATION/) })
    await good()
  })

  test.skipIf(!hasOpenssl)('carry no early data (0-RTT)', async () => {
    const home = mkdtempSync(join(tmpdir(), 'hop-early-'))
    try {
      writeFileSync(join(home, 'early'), orderBytes(lab, ['Connection: close']))
      const { host, port } = lab.access.edge
      const visiting = ['s_client', '-connect', `${host}:${port}`, '-servername', lab.topology.ingress.serverName]
      const run = (more: string[]) =>
        new Promise<string>(resolve => {
          const child = execFile(
            'openssl',
            [...visiting, '-tls1_3', '-ign_eof', ...more],
            { cwd: home },
            (_, out, err) => resolve(out + err),
          )
          child.stdin?.write(orderBytes(lab, ['Connection: close']))
        })
      expect(await run(['-sess_out', 'session'])).toMatch(/HTTP\/1\.1 201 /)
      const { cursor } = await reportOf(lab, 'edge')
      const again = await run(['-sess_in', 'session', '-early_data', 'early'])
      expect(again).toMatch(/Early data was (?:not sent|rejected)/)
      expect(again).toMatch(/Reused, TLSv1\.3/)
      const orders = await seenBy(lab, 'edge', cursor, ({ requests }) => (requests.length > 0 ? requests : undefined))
      expect(orders.map(({ status }) => status)).toEqual([201])
    } finally {
      rmSync(home, { recursive: true, force: true })
    }
  })
})
