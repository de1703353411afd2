import { afterEach, expect, test } from 'vitest'
import { type Shop, startShop } from '../soak/shop.ts'
import { createPublicClient, type TestLab } from '../support/lab.ts'
import { startLoad } from '../support/load.ts'

let shop: Shop | undefined
afterEach(async () => {
  await shop?.close()
  shop = undefined
})

const clientOf = ({ lab, topology }: Shop) => createPublicClient({ topology, access: lab.access } as unknown as TestLab)
const held = async ({ lab, topology }: Shop) =>
  (await Promise.all(Object.keys(topology.workloads).map(name => lab.report(name)))).flatMap(report => report.held)
const until = async (holds: () => Promise<boolean>): Promise<void> => {
  while (!(await holds().catch(() => false))) await new Promise(resolve => setTimeout(resolve, 20))
}

test('away for more than half of the certificates’ life, back in time: nothing is lost and everybody renews', async () => {
  shop = await startShop({ lifetimes: { workloadMs: 8000, publicMs: 8000 }, initialMode: 'mtls' })
  const { control } = shop
  const client = await clientOf(shop)
  const load = startLoad(client, 2)
  const before = await held(shop)
  const expiry = Math.min(...before.map(({ notAfter }) => Date.parse(notAfter)))
  const half = Math.max(
    ...before.map(
      ({ notBefore, notAfter }) => expiry - Math.min(4000, (Date.parse(notAfter) - Date.parse(notBefore)) / 2),
    ),
  )
  await control.kill()
  while (Date.now() < half + 800) await load.more(5)
  await control.start()
  await until(async () => (await held(shop!)).every(({ serial }) => !before.some(old => old.serial === serial)))
  const { lost, answered } = await load.stop()
  await client.close()
  expect(lost).toEqual([])
  expect(answered).toBeGreaterThan(20)
})

test('away for their whole life: what comes of it is named on both sides, and they come back', async () => {
  shop = await startShop({ lifetimes: { workloadMs: 3000, publicMs: 3000 }, initialMode: 'mtls' })
  const { control, lab, topology } = shop
  const before = await held(shop)
  await control.kill()
  const dead = Math.max(...before.map(({ notAfter }) => Date.parse(notAfter)))
  while (Date.now() < dead + 200) await new Promise(resolve => setTimeout(resolve, 50))
  await control.start()
  const client = await clientOf(shop)
  const refused = await client.send().catch(error => ({ status: 0, body: String(error.code) }))
  expect(refused).toEqual({ status: 0, body: 'CERT_HAS_EXPIRED' })
  expect((await lab.state()).workloads.filter(({ connected }) => connected)).toEqual([])
  // nobody is let in by an expired certificate: an operator gives each a new start
  for (const name of Object.keys(topology.workloads))
    await shop.members.join(lab.access.control, { [name]: await lab.joinToken(name, 'its certificate expired') })
  await shop.settled()
  await until(async () => (await client.send()).status === 201)
  await client.close()
}, 30_000)
