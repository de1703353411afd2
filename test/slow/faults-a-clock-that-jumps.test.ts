import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Shop, startShop } from '../soak/shop.ts'
import { createPublicClient, type TestLab } from '../support/lab.ts'
import { startLoad } from '../support/load.ts'

let shop: Shop
beforeEach(async () => {
  shop = await startShop({ lifetimes: { workloadMs: 4 * hour, publicMs: 4 * hour }, initialMode: 'mtls' }, -hour)
  await jump(0)
})
afterEach(() => shop.close())

const minutes = 60_000
const hour = 60 * minutes
const jump = async (offsetMs: number, settled = true): Promise<void> => {
  shop.control.setClock(offsetMs)
  await shop.control.kill()
  await shop.control.start()
  if (settled) await shop.settled()
}
const underLoad = async (work: (more: (count: number) => Promise<void>) => Promise<void>): Promise<unknown[]> => {
  const client = await createPublicClient({ topology: shop.topology, access: shop.lab.access } as unknown as TestLab)
  const load = startLoad(client, 2)
  try {
    await work(load.more)
    return (await load.stop()).lost
  } finally {
    await load.stop()
    await client.close()
  }
}
const serials = async () => {
  const reports = await Promise.all(Object.keys(shop.topology.workloads).map(name => shop.lab.report(name)))
  return reports.flatMap(({ held }) => held.map(({ serial }) => serial))
}

test('the control plane’s clock jumps ten minutes back: lists, versions and certificates go on, and no request is lost', async () => {
  const thief = await shop.lab.credentials.stolenAnew('orders')
  const lost = await underLoad(async more => {
    await jump(-10 * minutes)
    await more(10)
    await shop.lab.credentials.revoke(thief)
    await shop.lab.switchMode('hybrid')
    await shop.lab.switchMode('mtls')
    await shop.lab.lifecycle.renew('orders')
    await more(10)
    await jump(0)
    await shop.lab.switchMode('passthrough')
    await more(10)
  })
  expect(lost).toEqual([])
})

test('ten minutes forward: nobody takes what is not valid yet, each goes on with the old, and no request is lost', async () => {
  const before = await serials()
  const lost = await underLoad(async more => {
    await jump(10 * minutes, false)
    await more(200)
    expect((await shop.lab.state()).settled).toBe(false)
    await more(200)
  })
  expect(lost).toEqual([])
  // a client that was not there before: its connection is made now
  expect(await underLoad(more => more(20))).toEqual([])
  await jump(0)
  expect(await serials()).toEqual(before)
  await shop.lab.lifecycle.renew('orders')
  expect(await serials()).not.toEqual(before)
})
