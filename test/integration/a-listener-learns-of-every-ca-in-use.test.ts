import { once } from 'node:events'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { splitPem } from '../../pki/pem.ts'
import type { TrustMessage } from '../../services/chassis/control-protocol.ts'
import {
  connectAll,
  createFakeWorkload,
  type FakeWorkload,
  operatorOf,
  startControl,
  temporaryDirectory,
} from './control-support.ts'

let directory: ReturnType<typeof temporaryDirectory>
let control: Awaited<ReturnType<typeof startControl>>
let shop: Record<string, FakeWorkload>

beforeEach(async () => {
  directory = temporaryDirectory()
  control = await startControl(directory.path)
  shop = await connectAll(control)
})
afterEach(async () => {
  for (const workload of Object.values(shop)) workload.close()
  await control.close()
  directory.remove()
})

const rotate = (how: object) =>
  operatorOf(control.operatorAddress(), control.operatorToken)('POST', '/api/rotation', how)
const issuerOf = (workload: FakeWorkload) => splitPem(workload.pair()!.cert)[1]

it.each(['root', 'intermediate'])(
  'rotating the %s: before a CA issues to anybody, and no longer than it is trusted',
  async what => {
    const { orders } = shop
    const [old, taken] = [issuerOf(orders!), once(orders!.events, 'trust')]
    await rotate({ what, stopAt: 'trust' })
    const [told] = (await taken) as [TrustMessage]
    expect(told.intermediates).toHaveLength(2)
    expect(told.intermediates).toContain(old)
    const heard: TrustMessage[] = []
    orders!.events.on('trust', (message: TrustMessage) => heard.push(message))
    expect((await rotate({ what })).lines.at(-1)).toMatchObject({ done: true })
    expect(told.intermediates).toContain(issuerOf(orders!))
    expect(heard.at(-1)!.intermediates).toEqual([issuerOf(orders!)])
  },
)

it('one that joins is told with its first certificate', async () => {
  await rotate({ what: 'intermediate', stopAt: 'trust' })
  const site = { address: control.workloadAddress(), bootstrap: control.bootstrap }
  const late = createFakeWorkload(site, 'orders')
  const { json } = await late.enrol(control.operations.joinToken('orders', 'test'))
  expect(json.intermediates).toHaveLength(2)
})
