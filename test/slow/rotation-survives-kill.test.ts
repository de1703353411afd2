import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { setImmediate as turn } from 'node:timers/promises'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { authorityKeyId } from '../../pki/key-identifiers.ts'
import type { TrustState } from '../../services/control/certificates/trust-state.ts'
import {
  createFakeWorkload,
  type FakeWorkload,
  operatorOf,
  temporaryDirectory,
  workloads,
} from '../integration/control-support.ts'
import { type ControlChild, createControlChild } from '../support/control-child.ts'

let directory: ReturnType<typeof temporaryDirectory>
let child: ControlChild
let fleet: FakeWorkload[]

beforeEach(async () => {
  directory = temporaryDirectory()
  child = createControlChild(directory.path)
  const { workload, bootstrap, tokens } = await child.start()
  fleet = workloads.map(name => createFakeWorkload({ address: workload, bootstrap }, name))
  for (const workload of fleet) expect((await workload.enrol(tokens[workload.name]!)).status).toBe(200)
  await Promise.all(fleet.map(workload => workload.connect()))
})
afterEach(async () => {
  for (const workload of fleet) workload.close()
  await child.kill()
  directory.remove()
})

const ask = (method: string, path: string, body?: object) =>
  operatorOf(child.said().operator, child.said().operatorToken)(method, path, body)
const trust = async (): Promise<TrustState> => (await ask('GET', '/api/trust')).json

/** Has `orders` keep a step from being reached; resolves once it was told. Answers what lets it go on. */
const holdAt = (step: string): { told: Promise<void>; release: () => void } => {
  const orders = fleet.find(({ name }) => name === 'orders')!
  const [old] = orders.roots()
  const { promise: told, resolve } = Promise.withResolvers<void>()
  let holding = true
  const held = (is: boolean): boolean => {
    if (is && holding) resolve()
    return is && holding
  }
  orders.answerTrustWith(({ version, bundle }) => {
    const which = bundle.length === 2 ? 'trust' : bundle.includes(old!) ? 'before' : 'distrust'
    return held(which === step) ? [] : [{ version, ok: true, drained: true }]
  })
  orders.answerWith(({ version, certificates }) =>
    held(step === 'reissue' && (certificates?.epoch ?? 0) > 0) ? [] : [{ version, ok: true, drained: true }],
  )
  return {
    told,
    release() {
      holding = false
    },
  }
}

/** Killed at once, started again; everybody comes back. */
const killAndStart = async (): Promise<void> => {
  const ended = Promise.all(fleet.map(({ events }) => once(events, 'ended')))
  await child.kill()
  await ended
  await child.start()
}

const over = async (): Promise<TrustState> => {
  for (;;) {
    const state = await trust()
    if (!state.rotation) return state
    await turn()
  }
}

const issuers = () => new Set(fleet.map(({ pair }) => authorityKeyId(new X509Certificate(pair()!.cert))))

it.each(['trust', 'reissue', 'distrust'])(
  'killed at %s, a rotation goes on by itself after the restart',
  async step => {
    const [old] = issuers()
    const before = await trust()
    const { told, release } = holdAt(step)
    const asked = ask('POST', '/api/rotation', { what: 'root' }).catch(() => {})
    await told
    await killAndStart()
    await asked
    expect((await trust()).rotation).toMatchObject({ what: 'root', step, reached: false })
    release()
    await Promise.all(fleet.map(workload => workload.connect()))
    const after = await over()
    expect(after.authorities).toHaveLength(3)
    expect(after.authorities.some(({ id }) => before.authorities.some(ca => ca.id === id))).toBe(false)
    expect(after.version).toBeGreaterThan(before.version)
    expect(issuers().size).toBe(1)
    expect(issuers().has(old!)).toBe(false)
    for (const { roots } of fleet) expect(roots()).toEqual(fleet[0]!.roots())
  },
)

it('killed on the way back, it goes on going back', async () => {
  const [old] = issuers()
  const before = await trust()
  await ask('POST', '/api/rotation', { what: 'root', stopAt: 'reissue' })
  // an undone rotation is distrusted as the old one would be: `orders` keeps that from being reached
  const orders = fleet.find(({ name }) => name === 'orders')!
  const { promise: told, resolve } = Promise.withResolvers<void>()
  let holding = true
  orders.answerTrustWith(({ version, bundle }) => {
    if (bundle.length === 1 && holding) resolve()
    return bundle.length === 1 && holding ? [] : [{ version, ok: true, drained: true }]
  })
  const asked = ask('POST', '/api/rotation/back', {}).catch(() => {})
  await told
  await killAndStart()
  await asked
  expect((await trust()).rotation).toMatchObject({ step: 'distrust', back: true })
  holding = false
  await Promise.all(fleet.map(workload => workload.connect()))
  expect((await over()).authorities).toEqual(before.authorities)
  expect([...issuers()]).toEqual([old])
})
