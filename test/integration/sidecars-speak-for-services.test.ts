import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Observations, RequestRecord } from '../../services/chassis/observation.ts'
import { modes } from '../../services/modes.ts'
import { parseTopology } from '../../services/topology/file.ts'
import { createPublicClient, operator, startTestLab, type TestLab, topologyFile } from '../support/lab.ts'
import { startLoad } from '../support/load.ts'
import { onWire, reportOf, seenBy } from './abuse-support.ts'

/** The shop with every service behind a sidecar, and its gateway as well. */
const allBehind = () =>
  parseTopology(
    readFileSync(topologyFile('shop-sidecars'), 'utf8').replace(
      'program: gateway }',
      'program: gateway, sidecar: true }',
    ),
  )

const services = ['orders', 'payments', 'inventory', 'shipping']

describe.each([
  ['every service', undefined],
  ['the gateway too', allBehind()],
])('with a sidecar in front of %s', (_, topology) => {
  let lab: TestLab
  let client: Awaited<ReturnType<typeof createPublicClient>>
  beforeAll(async () => {
    lab = await startTestLab(topology ? { topology } : { shape: 'shop-sidecars' })
    client = await createPublicClient(lab)
  })
  afterAll(async () => {
    await client?.close()
    await lab?.close()
  })

  test.each(modes)('an order is placed in %s, under one id and in one trace', async mode => {
    await operator(lab, 'PUT', '/api/mode', { mode })
    const since = new Map<string, number>()
    for (const name of services) since.set(name, (await reportOf(lab, name)).cursor)
    const { status, body } = await client.send()
    expect(status).toBe(201)
    expect(JSON.parse(body)).toMatchObject({ amount: 4200, charged: 4200, clientAddress: '127.0.0.1' })

    const newest = ({ requests }: Observations) => requests.at(-1)
    const orders = await seenBy<RequestRecord>(lab, 'orders', since.get('orders')!, newest)
    for (const name of services.slice(1)) {
      const called = await seenBy<RequestRecord>(lab, name, since.get(name)!, newest)
      const { requestId, traceId } = orders
      const made = orders.calls?.find(({ link }) => link === `orders:${name}`)
      expect(called).toMatchObject({ requestId, traceId, parentSpanId: made?.spanId, rule: `orders:${name}` })
      expect(called.caller).toBe('spiffe://hop.lab/orders')
    }
  })

  test('under mutual TLS every service proves itself by its sidecar, and nothing is readable between them', async () => {
    await operator(lab, 'PUT', '/api/mode', { mode: 'mtls' })
    const { cursor } = await reportOf(lab, 'payments')
    const card = '4000000000000077'
    expect((await client.send({ body: JSON.stringify({ ...lab.topology.probe.body, card }) })).status).toBe(201)
    const charge = await seenBy(lab, 'payments', cursor, ({ requests }) => requests.at(-1))
    expect(charge).toMatchObject({ caller: 'spiffe://hop.lab/orders', callerBy: 'certificate', path: '/charges' })
    for (const { id } of lab.topology.links) expect(await onWire(lab, id, card), id).toBe(0)
    const { application } = await seenBy(lab, 'payments', cursor, report => (report.application ? report : undefined))
    expect(application?.at(-1)).toMatchObject({ spanId: charge.spanId, encrypted: false, remoteAddress: '127.0.0.1' })
  })

  test('switching through all modes under load loses no request', async () => {
    const load = startLoad(client)
    for (const mode of [...modes, ...modes.toReversed()]) {
      const lines = (await operator(lab, 'PUT', '/api/mode', { mode })) as object[]
      expect(lines.at(-1)).toMatchObject({ done: true, mode })
      await load.more(20)
    }
    const { answered, lost } = await load.stop()
    expect(lost).toEqual([])
    expect(answered).toBeGreaterThan(200)
  })
})

test('a service behind a sidecar is the same code as one without, and no switch restarts it', async () => {
  const running = async (lab: TestLab) => {
    const runs = await Promise.all(services.map(async name => (await reportOf(lab, name)).program!))
    return { runs, code: runs.map(({ name, digest }) => `${name} ${digest}`) }
  }
  const labs = await Promise.all(['shop', 'shop-sidecars'].map(shape => startTestLab({ shape, wire: false })))
  try {
    const [native, behind] = await Promise.all(labs.map(running))
    expect(behind!.code).toEqual(native!.code)
    expect(new Set(native!.code).size).toBe(services.length)
    await operator(labs[1]!, 'PUT', '/api/mode', { mode: 'mtls' })
    expect((await running(labs[1]!)).runs).toEqual(behind!.runs)
  } finally {
    await Promise.all(labs.map(lab => lab.close()))
  }
})
