import { afterEach, expect, test } from 'vitest'
import { createCredentials } from '../../../services/chassis/credentials.ts'
import { failureOf } from '../../../services/chassis/failures.ts'
import type { Handler } from '../../../services/chassis/program.ts'
import { noTelemetry } from '../../../services/chassis/telemetry.ts'
import type { Trust } from '../../../services/chassis/tls-options.ts'
import { createTrustLoss } from '../../../services/chassis/trust-loss.ts'
import { createUpstreams } from '../../../services/chassis/upstreams.ts'
import { createCleanup, createMesh, dial, idOf, type Mesh, originOf, serve, until } from './mesh.ts'
import { desiredOf, echo, letIn, startWorkload } from './workloads.ts'

const kept = createMesh()
const retired = createMesh()
const cleanup = createCleanup()
afterEach(cleanup.run)

const both = (): Trust => {
  const [one, other] = [kept.trust(), retired.trust()]
  const intermediates = [...one.intermediates!, ...other.intermediates!]
  return { bundle: [...one.bundle, ...other.bundle], intermediates, crl: [...one.crl, ...other.crl] }
}

const enrolledBy = (mesh: Mesh, name: string) => {
  const store = createCredentials({ trust: both() })
  store.setWorkload(mesh.mint(name))
  return store
}

test('callers proven under it are cut though a request of theirs never ends, those of the other root finish theirs', async () => {
  const waiting: (() => void)[] = []
  const handler: Handler = (request, response, context) => void waiting.push(() => echo(request, response, context))
  const store = enrolledBy(kept, 'orders')
  const orders = cleanup.add(
    await startWorkload(store, desiredOf({ accepts: ['mtls'], rules: [letIn('anyone')] }), { handler }),
  )
  const [old, good] = [retired, kept].map(mesh =>
    cleanup.add(dial(enrolledBy(mesh, 'gateway'), orders.address, 'mtls')),
  )
  const asked = [old!.ask(), good!.ask()]
  await until(() => waiting.length === 2)
  store.setTrust(kept.trust())
  const refreshed = orders.refresh({ trustChanged: true })
  expect(await asked[0]).toMatchObject({ failure: 'connection-closed' })
  for (const go of waiting) go()
  expect(await asked[1]).toMatchObject({ status: 200 })
  await refreshed
  expect(await old!.ask()).toMatchObject({ failure: 'connection-closed' })
  expect(orders.observations(0).connections.at(-1)).toMatchObject({ failure: { name: 'unknown-authority' } })
})

test('callees proven under it are cut though their answer never comes, those of the other root are waited for', async () => {
  const answers: (() => void)[] = []
  const onRequest = (_: unknown, response: { end(text: string): unknown }) =>
    void answers.push(() => response.end('{}'))
  const store = enrolledBy(kept, 'gateway')
  const upstreams = createUpstreams({
    ...{ credentials: store, telemetry: noTelemetry(), clock: Date.now, inspect: () => undefined },
  })
  cleanup.add({ close: upstreams.destroy })
  const loss = cleanup.add(createTrustLoss(store, vouched => upstreams.cut(callee => !vouched(callee))))
  for (const [callee, mesh] of Object.entries({ orders: retired, payments: kept })) {
    const { address } = cleanup.add(await serve(enrolledBy(mesh, callee), ['mtls'], { onRequest }))
    const link = { link: `gateway:${callee}`, callee, transport: 'mtls' as const, address }
    upstreams.apply([{ ...link, id: idOf(callee), verify: true }])
  }
  const asked = ['orders', 'payments'].map(async callee => {
    const upstream = upstreams.get(callee)!
    const answer = await upstream.dispatcher().request({ origin: originOf(upstream.spec()), method: 'GET', path: '/' })
    return answer.statusCode
  })
  const lost = asked[0]!.catch(error => failureOf(error).name)
  await until(() => answers.length === 2)
  store.setTrust(kept.trust())
  loss.look()
  const renewed = upstreams.renew()
  expect(await lost).toBe('connection-closed')
  for (const answer of answers) answer()
  expect(await asked[1]).toBe(200)
  await renewed
})
