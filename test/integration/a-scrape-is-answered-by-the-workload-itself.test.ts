import { once } from 'node:events'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Control } from '../../services/control/control.ts'
import { connectAll, type FakeWorkload, operatorOf, startControl, temporaryDirectory } from './control-support.ts'

const directory = temporaryDirectory()
let control: Control
let all: Record<string, FakeWorkload>
let ask: ReturnType<typeof operatorOf>

beforeAll(async () => {
  control = await startControl(directory.path, { reportTimeoutMs: 300 })
  all = await connectAll(control)
  ask = operatorOf(control.operatorAddress(), control.operatorToken)
})
afterAll(async () => {
  for (const workload of Object.values(all)) workload.close()
  await control.close()
  directory.remove()
})

/** The operator asks for the metrics of orders; resolves with the id of the question, as orders was told it. */
const scrapeOrders = async () => {
  const told = once(all.orders!.events, 'metrics')
  const { host, port } = control.operatorAddress()
  const headers = { authorization: `Bearer ${control.operatorToken}` }
  const answer = fetch(`http://${host}:${port}/metrics/orders`, { headers })
  const [{ id }] = await told
  return { id: String(id), answer }
}

test('what it says is what the operator gets, made at that moment', async () => {
  for (const text of ['a 1\n', 'a 2\n']) {
    const { id, answer } = await scrapeOrders()
    expect((await all.orders!.call(`/v1/metrics/${id}`, { text })).status).toBe(204)
    expect(await (await answer).text()).toBe(text)
  }
})

test('nobody answers in the name of another', async () => {
  const { id, answer } = await scrapeOrders()
  const forged = await all.payments!.call(`/v1/metrics/${id}`, { text: 'forged 1\n' })
  expect([forged.status, forged.json.failure]).toEqual([404, 'not-found'])
  await all.orders!.call(`/v1/metrics/${id}`, { text: 'genuine 1\n' })
  expect(await (await answer).text()).toBe('genuine 1\n')
})

test('nobody answers who was not asked, or without being himself', async () => {
  const unasked = await all.orders!.call('/v1/metrics/made-up', { text: 'a 1\n' })
  expect([unasked.status, unasked.json.failure]).toEqual([404, 'not-found'])
  const unproven = await all.orders!.call('/v1/metrics/made-up', { text: 'a 1\n' }, false)
  expect([unproven.status, unproven.json.failure]).toEqual([401, 'peer-required'])
})

test('an answer to a scrape is none to a report', async () => {
  const told = once(all.orders!.events, 'report')
  const answer = ask('GET', '/api/workloads/orders/report').catch(error => error)
  const [{ id }] = await told
  expect((await all.orders!.call(`/v1/metrics/${id}`, { text: 'a 1\n' })).status).toBe(404)
  expect((await answer).json.failure).toBe('report-timeout')
})

test('who says nothing, or is away, is an error: Prometheus takes it for down', async () => {
  expect(await ask('GET', '/metrics/inventory')).toMatchObject({ status: 504, json: { failure: 'report-timeout' } })
  all.shipping!.close()
  const isThere = () => control.operations.state().workloads.some(each => each.name === 'shipping' && each.connected)
  while (isThere()) await new Promise(resolve => setImmediate(resolve))
  expect(await ask('GET', '/metrics/shipping')).toMatchObject({
    status: 409,
    json: { failure: 'workload-not-connected' },
  })
})
