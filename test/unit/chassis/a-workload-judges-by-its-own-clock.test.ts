import { afterEach, describe, expect, test } from 'vitest'
import { createInspection } from '../../../services/chassis/inspection.ts'
import { createOwnClock } from '../../../services/chassis/own-clock.ts'
import { createTelemetry } from '../../../services/chassis/telemetry.ts'
import { createUpstream } from '../../../services/chassis/upstream.ts'
import { createCleanup, createMesh, dial, idOf, originOf, serve, uncheckedCredentials } from './mesh.ts'
import { desiredOf, letIn, send, startWorkload } from './workloads.ts'

const mesh = createMesh()
const cleanup = createCleanup()
afterEach(cleanup.run)

const tenMinutes = 600_000
const wrong: [what: string, offsetMs: number, name: string, code: string][] = [
  ['ten minutes behind', -tenMinutes, 'certificate-not-yet-valid', 'not-yet-valid-by-own-clock'],
  ['far ahead', 400 * 86_400_000, 'certificate-expired', 'expired-by-own-clock'],
]

const inspectAt = (store: ReturnType<typeof mesh.credentials>, offsetMs: number) => {
  const { now, shift } = createOwnClock()
  shift(offsetMs)
  return createInspection(store, now)
}

describe.each(wrong)('%s', (_, offsetMs, name, code) => {
  test('a callee refuses a caller whose certificate is good by every other clock, and says it was by its own', async () => {
    const store = mesh.credentials('orders')
    const callee = cleanup.add(await serve(store, ['mtls'], { inspect: inspectAt(store, offsetMs) }))
    const caller = cleanup.add(dial(mesh.credentials('gateway'), callee.address, 'mtls'))
    expect(await caller.ask()).toMatchObject({ failure: 'connection-closed' })
    expect(callee.failures()).toEqual([{ name, code }])
    const [{ peerValidity, peerIssuer, at }] = callee.records() as [ReturnType<typeof callee.records>[number]]
    expect(peerIssuer).toBe(store.held()[0]!.issuer)
    expect(Date.parse(peerValidity!.notBefore)).toBeLessThan(Date.parse(at))
    expect(Date.parse(peerValidity!.notAfter)).toBeGreaterThan(Date.parse(at))
  })

  test('a caller refuses a callee likewise', async () => {
    const callee = cleanup.add(await serve(mesh.credentials('orders'), ['mtls']))
    const store = mesh.credentials('gateway')
    const telemetry = createTelemetry('gateway')
    const spec = { link: 'gateway:orders', callee: 'orders', transport: 'mtls' as const, address: callee.address }
    const upstream = createUpstream({
      ...{ spec: { ...spec, id: idOf('orders'), verify: true }, credentials: store, telemetry },
      inspect: inspectAt(store, offsetMs),
    })
    cleanup.add({ close: upstream.destroy })
    const asked = upstream.dispatcher().request({ origin: originOf(spec), method: 'GET', path: '/' })
    await expect(asked).rejects.toMatchObject({ code })
    const [record] = telemetry.observations(0, []).connections
    expect(record).toMatchObject({ failure: { name, code }, peerIssuer: store.held()[0]!.issuer })
    expect(Date.parse(record!.peerValidity!.notAfter)).toBeGreaterThan(Date.parse(record!.at))
  })
})

test('what the machine’s clock says is expired is refused for that, whatever a workload’s own says', async () => {
  const store = mesh.credentials('orders')
  const callee = cleanup.add(await serve(store, ['mtls'], { inspect: inspectAt(store, -400 * 86_400_000) }))
  const other = mesh.mint('gateway', ['expired'])
  const caller = cleanup.add(dial(uncheckedCredentials(other, mesh.trust()), callee.address, 'mtls'))
  await caller.ask()
  expect(callee.failures()).toEqual([{ name: 'certificate-expired', code: 'CERT_HAS_EXPIRED' }])
  expect(Date.parse(callee.records()[0]!.peerValidity!.notAfter)).toBeLessThan(Date.now())
})

test('a clock tells whether it was moved', () => {
  const clock = createOwnClock(() => 1_000)
  expect([clock.shift(0), clock.now()]).toEqual([false, 1_000])
  expect([clock.shift(-5), clock.now()]).toEqual([true, 995])
  expect([clock.shift(-5), clock.shift(0), clock.now()]).toEqual([false, true, 1_000])
})

test('but records what it saw by the machine’s: whoever reads what came since a moment is not given what came before', async () => {
  const clock = () => Date.now() + tenMinutes
  const desired = desiredOf({ rules: [letIn('anyone')] })
  const workload = cleanup.add(await startWorkload(mesh.credentials('orders'), desired, { clock }))
  expect(await send(workload.address)).toMatchObject({ status: 200 })
  const { requests, connections, clock: own } = workload.observations(0)
  const [latest] = [...requests, ...connections].map(({ at }) => Date.parse(at)).sort((a, b) => b - a)
  expect(requests).toHaveLength(1)
  expect(latest).toBeLessThanOrEqual(Date.now())
  expect(Date.parse(own!)).toBeGreaterThan(Date.now())
})
