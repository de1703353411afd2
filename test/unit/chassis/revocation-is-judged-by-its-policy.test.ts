import { X509Certificate } from 'node:crypto'
import { afterEach, describe, expect, test } from 'vitest'
import { mintProfile } from '../../../pki/profiles.ts'
import type { RevocationPolicy } from '../../../services/chassis/control-protocol.ts'
import { createCredentials } from '../../../services/chassis/credentials.ts'
import { createControlInspection, createInspection } from '../../../services/chassis/inspection.ts'
import { createTelemetry } from '../../../services/chassis/telemetry.ts'
import { createUpstream } from '../../../services/chassis/upstream.ts'
import { createCleanup, createMesh, dial, idOf, originOf, serve } from './mesh.ts'

const mesh = createMesh()
const cleanup = createCleanup()
afterEach(cleanup.run)

type Given = { revocation: RevocationPolicy; crl?: string[]; revoked?: string[]; clock?: () => number }

const store = (name: string, { revocation, crl = mesh.trust().crl, revoked = [] }: Given) => {
  const credentials = createCredentials({ trust: { ...mesh.rootsOnly(), crl, revocation, revoked, version: 1 } })
  credentials.setWorkload(mesh.mint(name))
  return credentials
}

/** How a callee, and how a caller who trusts so, take the other end. */
const judged = async (given: Given, pair = mesh.mint('gateway')) => {
  const { clock = Date.now } = given
  const own = store('orders', given)
  const callee = cleanup.add(await serve(own, ['mtls'], { inspect: createInspection(own, clock) }))
  const open = createCredentials({ trust: mesh.rootsOnly() })
  open.setWorkload(pair)
  const caller = cleanup.add(dial(open, callee.address, 'mtls'))
  const asked = await caller.ask()
  return asked.status ?? callee.failures()[0]?.name
}

const asCaller = async (given: Given, pair = mesh.mint('orders')) => {
  const { clock = Date.now } = given
  const shown = createCredentials({ trust: mesh.rootsOnly() })
  shown.setWorkload(pair)
  const callee = cleanup.add(await serve(shown, ['tls']))
  const credentials = store('gateway', given)
  const spec = { link: 'gateway:orders', callee: 'orders', transport: 'tls' as const, address: callee.address }
  const telemetry = createTelemetry('gateway')
  const upstream = createUpstream({
    ...{ spec: { ...spec, id: idOf('orders'), verify: true }, credentials, telemetry },
    inspect: createInspection(credentials, clock),
  })
  cleanup.add({ close: upstream.destroy })
  const asked = upstream.dispatcher().request({ origin: originOf(spec), method: 'GET', path: '/' })
  const answer = await asked.catch(() => undefined)
  await answer?.body.dump()
  return answer?.statusCode ?? telemetry.observations(0, []).connections[0]?.failure?.name
}

const ways = [
  ['a callee', judged],
  ['a caller', asCaller],
] as const

describe.each(ways)('%s', (_, judge) => {
  const twoDays = () => Date.now() + 2 * 86_400_000 // beyond the lists, within the roots

  test('that fails hard takes whom every list clears, and refuses where there is none', async () => {
    expect(await judge({ revocation: 'hard-fail' })).toBe(200)
    expect(await judge({ revocation: 'hard-fail', crl: [] })).toBe('crl-missing')
    expect(await judge({ revocation: 'hard-fail', crl: mesh.trust().crl.slice(0, 1) })).toBe('crl-missing')
  })

  test('that fails soft takes a chain whose lists are missing, all of them or one', async () => {
    expect(await judge({ revocation: 'soft-fail', crl: [] })).toBe(200)
    expect(await judge({ revocation: 'soft-fail', crl: mesh.trust().crl.slice(1) })).toBe(200)
  })

  test('that fails soft still refuses whom it knows to be revoked, from a list or from what it was told', async () => {
    const pair = mesh.mint(judge === judged ? 'gateway' : 'orders')
    expect(await judge({ revocation: 'soft-fail', crl: mesh.trust([pair.serial]).crl }, pair)).toBe('revoked')
    expect(await judge({ revocation: 'soft-fail', crl: [], revoked: [pair.serial] }, pair)).toBe('revoked')
    expect(await judge({ revocation: 'soft-fail', crl: [], revoked: ['0a'] }, pair)).toBe(200)
  })

  test('finds a list stale by its own clock as time passes: hard it refuses, soft it does not', async () => {
    const id = idOf(judge === judged ? 'gateway' : 'orders')
    const long = mintProfile(mesh.authority, [], { id, lifetimeMs: 10 * 86_400_000 })
    expect(await judge({ revocation: 'hard-fail', clock: twoDays }, long)).toBe('crl-stale')
    expect(await judge({ revocation: 'soft-fail', clock: twoDays }, long)).toBe(200)
  })
})

test('towards the control plane lists are not asked for, but who is known to be revoked is refused', () => {
  const { serial, certificate } = mesh.mint('control')
  const inspect = (revoked: string[]) =>
    createControlInspection(store('orders', { revocation: 'hard-fail', crl: [], revoked }))(
      new X509Certificate(certificate),
    )
  expect(inspect([])).toBeUndefined()
  expect(inspect([serial])?.name).toBe('revoked')
})
