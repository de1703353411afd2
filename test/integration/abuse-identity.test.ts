import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { setTimeout } from 'node:timers/promises'
import type { TLSSocket } from 'node:tls'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createAuthority } from '../../pki/authority.ts'
import { generateKey, privateKeyPem } from '../../pki/keys.ts'
import { readSvid } from '../../pki/svid.ts'
import { createPublicClient, operator, startTestLab, type TestLab } from '../support/lab.ts'
import {
  addressOf,
  converse,
  dialTls,
  failureIn,
  oneAnswer,
  orderBytes,
  reportOf,
  seenBy,
  statusesIn,
  stealIdentity,
} from './abuse-support.ts'

type Proof = { key?: string; cert?: string; ca: string }

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
beforeEach(async () => expect((await client.send()).status).toBe(201))

const dial = async (name: string, { key, cert, ca }: Proof): Promise<TLSSocket> =>
  dialTls(await addressOf(lab, name), {
    ...(key && cert ? { key, cert } : {}),
    ca,
    checkServerIdentity: () => undefined,
  })

const order = (socket: TLSSocket) => converse(socket, orderBytes(lab), oneAnswer)

/** What orders has on record of a caller it turned away. */
const refusedAs = (since: number) =>
  seenBy(
    lab,
    'orders',
    since,
    ({ connections }) => connections.find(({ side, failure }) => side === 'server' && failure)?.failure?.name,
  )

describe('who may speak to orders', () => {
  test('the gateway, by its certificate; payments, as validly certified, may not', async () => {
    const gateway = await dial('orders', await stealIdentity(lab, 'gateway'))
    expect(statusesIn(await order(gateway))).toEqual([201])
    const payments = await dial('orders', await stealIdentity(lab, 'payments'))
    const { cursor } = await reportOf(lab, 'orders')
    for (const lines of [[], ['X-Spiffe-Id: spiffe://hop.lab/gateway']]) {
      const answer = await converse(payments, orderBytes(lab, lines), oneAnswer)
      expect([statusesIn(answer), failureIn(answer)]).toEqual([[403], 'denied-by-policy'])
    }
    const record = await seenBy(lab, 'orders', cursor, ({ requests }) => requests[1])
    expect(record).toMatchObject({ caller: 'spiffe://hop.lab/payments', callerBy: 'certificate', status: 403 })
    gateway.destroy()
    payments.destroy()
  })

  const forged = (authority: ReturnType<typeof createAuthority>): Proof => {
    const { privateKey, publicKey } = generateKey()
    const id = 'spiffe://hop.lab/gateway'
    const { chain } = authority.issueWorkload({ id, publicKey, lifetimeMs: 60_000, serial: authority.newSerial() })
    return { key: privateKeyPem(privateKey), cert: chain, ca: '' }
  }
  const impostor = createAuthority({ trustDomain: 'hop.lab', clock: Date.now })

  test.each<[string, string, () => Proof]>([
    ['without a certificate', 'no-client-certificate', () => ({ ca: '' })],
    ['an impostor authority of the same name', 'unknown-authority', () => forged(impostor)],
    [
      'the same, with its root in the chain',
      'unknown-authority',
      () => {
        const proof = forged(impostor)
        return { ...proof, cert: proof.cert + impostor.trustBundle().join('') }
      },
    ],
  ])('not %s', async (_, cause, proof) => {
    const { bundle } = (await operator(lab, 'GET', '/api/state')) as { bundle: string }
    const { cursor } = await reportOf(lab, 'orders')
    const socket = await dial('orders', { ...proof(), ca: bundle })
    expect(await order(socket)).toBe('')
    expect(await refusedAs(cursor)).toBe(cause)
    expect((await reportOf(lab, 'orders', cursor)).requests).toEqual([])
  })
})

test('revoked: kept-alive connections end, new ones are refused by cause, resumption does not help, others notice nothing', async () => {
  const proof = await stealIdentity(lab, 'gateway')
  const sessions: Buffer[] = []
  const kept = await Promise.all(Array.from({ length: 8 }, () => dial('orders', proof)))
  for (const socket of kept) socket.on('session', session => sessions.push(session))
  for (const socket of kept) expect(statusesIn(await order(socket))).toEqual([201])

  // one is in the middle of a request that would go on for a while
  kept[0]!.write(orderBytes(lab).slice(0, -1))

  const others = { stop: false, statuses: [] as number[] }
  const load = Array.from({ length: 4 }, async () => {
    while (!others.stop) others.statuses.push((await client.send()).status)
  })
  const { cursor } = await reportOf(lab, 'orders')
  const { serial } = readSvid(new X509Certificate(proof.cert))
  const ended = Promise.all(kept.map(socket => socket.destroyed || once(socket, 'close')))
  expect(await operator(lab, 'POST', '/api/revoke', { serial, reason: 'keyCompromise' })).toMatchObject({
    serials: [serial],
  })
  // well before the request in flight would be given up for its slowness
  expect(await Promise.race([ended.then(() => 'closed'), setTimeout(5_000, 'open')])).toBe('closed')

  // OpenSSL offers TLS 1.3 sessions even without tickets; none may be taken up
  for (const again of [{}, ...sessions.slice(-2).map(session => ({ session }))]) {
    const socket = await dialTls(await addressOf(lab, 'orders'), {
      ...proof,
      ...again,
      checkServerIdentity: () => undefined,
    })
    expect([await order(socket), socket.isSessionReused()]).toEqual(['', false])
  }
  expect(await refusedAs(cursor)).toBe('revoked')

  const before = others.statuses.length
  while (others.statuses.length < before + 20) await client.send()
  others.stop = true
  await Promise.all(load)
  expect(others.statuses.filter(status => status !== 201)).toEqual([])
})

test('revoked as a callee: its callers refuse it by cause, and nothing is sent to it', async () => {
  const { cursor } = await reportOf(lab, 'payments')
  await operator(lab, 'POST', '/api/revoke', { id: 'spiffe://hop.lab/payments', reason: 'keyCompromise' })
  const answer = await client.send()
  expect([answer.status, JSON.parse(answer.body)]).toMatchObject([502, { failure: 'revoked', upstream: 'payments' }])
  expect(cursor).toBeGreaterThan(0)
})
