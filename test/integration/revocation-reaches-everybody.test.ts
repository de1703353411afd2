import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import type { TLSSocket } from 'node:tls'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readSvid } from '../../pki/svid.ts'
import { createPublicClient, operator, startTestLab, type TestLab } from '../support/lab.ts'
import { startLoad } from '../support/load.ts'
import {
  addressOf,
  converse,
  dialTls,
  oneAnswer,
  orderBytes,
  reportOf,
  seenBy,
  stateOf,
  statusesIn,
  stealIdentity,
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

type Proof = Awaited<ReturnType<typeof stealIdentity>>

const serialOf = ({ cert }: Proof): string => readSvid(new X509Certificate(cert)).serial
const dial = async (proof: Proof, session?: Buffer): Promise<TLSSocket> =>
  dialTls(await addressOf(lab, 'orders'), {
    ...proof,
    ...(session ? { session } : {}),
    checkServerIdentity: () => undefined,
  })
const order = (socket: TLSSocket) => converse(socket, orderBytes(lab), oneAnswer)
const revoke = (body: object) => operator(lab, 'POST', '/api/revoke', { reason: 'keyCompromise', ...body })
const codeOf = (answer: unknown) => (answer as { code?: string }).code
const failuresAt = (name: string, since: number) =>
  seenBy(lab, name, since, ({ connections }) => {
    const failures = connections.flatMap(({ side, failure }) => (side === 'server' && failure ? [failure.name] : []))
    return failures.length > 0 ? failures : undefined
  })

describe('once the operator was told that everybody knows', () => {
  test('no way of eight thieves is open any more, each shut as revoked, and no request of anybody else was lost', async () => {
    const load = startLoad(client)
    const thieves = await Promise.all(Array.from({ length: 8 }, () => stealIdentity(lab, 'gateway')))
    const sessions: Buffer[] = []
    const live = await Promise.all(thieves.map(thief => dial(thief)))
    for (const socket of live) socket.on('session', session => sessions.push(session))
    for (const socket of live) expect(statusesIn(await order(socket))).toEqual([201])
    const ended = live.map(socket => once(socket, 'close'))
    await load.more(20)

    const { cursor } = await reportOf(lab, 'orders')
    const serials = thieves.map(serialOf)
    const said = await revoke({ serials })
    expect(said).toEqual({ serials, acknowledged: true, ms: expect.any(Number) })
    // no second try for anything: what is acknowledged is in effect
    expect(await Promise.all(thieves.map(async thief => order(await dial(thief))))).toEqual(thieves.map(() => ''))
    for (const session of sessions.slice(-5)) {
      const socket = await dial(thieves[0]!, session)
      expect([await order(socket), socket.isSessionReused()]).toEqual(['', false])
    }
    await Promise.all(ended)
    expect(new Set(await failuresAt('orders', cursor))).toEqual(new Set(['revoked']))

    await load.more(20)
    expect((await load.stop()).lost).toEqual([])
  })
})

describe('several serials', () => {
  test('are revoked all or none, and the unknown ones are named', async () => {
    const thief = await stealIdentity(lab, 'gateway')
    const unknown = ['ab'.repeat(16), 'cd'.repeat(16)]
    const answer = await revoke({ serials: [serialOf(thief), ...unknown] })
    expect(answer).toMatchObject({ code: 'nothing-to-revoke', field: 'serial', found: unknown.join(', ') })
    expect(statusesIn(await order(await dial(thief)))).toEqual([201])
    expect(await revoke({ serials: [serialOf(thief)] })).toMatchObject({ serials: [serialOf(thief)] })
  })

  test.each([
    [{}, 'none of them'],
    [{ serials: ['ab'], id: 'spiffe://hop.lab/orders' }, 'several of them'],
    [{ serial: 'ab', serials: ['cd'] }, 'several of them'],
  ])('are asked for in one way only, not as %j', async (body, found) => {
    expect(await revoke(body)).toMatchObject({ code: 'body-invalid', field: 'serial', found })
  })
})

describe('a workload that lost its certificate', () => {
  const send = async () => {
    const { status, body } = await client.send()
    return [status, JSON.parse(body).failure]
  }

  test('is out until it is let in again, with another key, and then goes on as before', async () => {
    const { held } = await reportOf(lab, 'payments')
    const said = (await revoke({ id: 'spiffe://hop.lab/payments' })) as { serials: string[]; acknowledged: boolean }
    expect([said.serials.includes(held[0]!.serial), said.acknowledged]).toEqual([true, true])
    expect(await send()).toEqual([502, 'revoked'])
    const away = (await stateOf(lab)).workloads.filter(({ connected }) => !connected).map(({ name }) => name)
    expect(away).toEqual(['payments'])

    const back = await operator(lab, 'POST', '/api/workloads/payments/reenrol', {})
    expect(back).toEqual({ acknowledged: true, ms: expect.any(Number) })
    expect(await send()).toEqual([201, undefined])
    const now = (await reportOf(lab, 'payments')).held[0]!
    expect([now.key === held[0]!.key, said.serials.includes(now.serial)]).toEqual([false, false])
  })

  test('is let in again as a caller too', async () => {
    await revoke({ id: 'spiffe://hop.lab/gateway' })
    expect((await send())[0]).toBe(502)
    await operator(lab, 'POST', '/api/workloads/gateway/reenrol', {})
    expect(await send()).toEqual([201, undefined])
  })

  test('is said to be back only when what it accepted before is gone', async () => {
    const bytes = orderBytes(lab)
    const socket = await dial(await stealIdentity(lab, 'gateway'))
    const ended = once(socket, 'close')
    socket.write(bytes.slice(0, -1))
    const { held } = await reportOf(lab, 'orders')
    const order: string[] = []
    const back = operator(lab, 'POST', '/api/workloads/orders/reenrol', {}).then(answer => {
      order.push('said to be back')
      return answer
    })
    await expect
      .poll(async () => (await stateOf(lab)).settled && (await reportOf(lab, 'orders')).held[0]?.key !== held[0]!.key, {
        timeout: 10_000,
      })
      .toBe(true)
    order.push('its last request ends')
    expect(statusesIn(await converse(socket, bytes.slice(-1), oneAnswer))).toEqual([201])
    expect(await back).toMatchObject({ acknowledged: true })
    expect(order).toEqual(['its last request ends', 'said to be back'])
    await ended
  })

  test('has to exist', async () => {
    expect(codeOf(await operator(lab, 'POST', '/api/workloads/mallory/reenrol', {}))).toBe('workload-unknown')
  })
})

test('the audit says who was revoked why, and who was let in again', async () => {
  const entries = (await operator(lab, 'GET', '/api/audit')) as { action: string; target: string; detail: object }[]
  const found = entries.filter(({ action, target }) => action === 'reenrol' || target.endsWith('/payments'))
  expect(found.map(({ action, target }) => [action, target])).toEqual(
    expect.arrayContaining([
      ['revoke', 'spiffe://hop.lab/payments'],
      ['reenrol', 'payments'],
    ]),
  )
  expect(found.find(({ action }) => action === 'revoke')?.detail).toMatchObject({ reason: 'keyCompromise' })
})
