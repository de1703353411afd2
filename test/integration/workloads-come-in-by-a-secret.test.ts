import { once } from 'node:events'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createAuthority } from '../../pki/authority.ts'
import { generateKey, privateKeyPem } from '../../pki/keys.ts'
import { introduce } from '../../services/chassis/bootstrap-client.ts'
import {
  type BootstrapSecret,
  createBootstrapText,
  createNonce,
  readBootstrapSecret,
} from '../../services/chassis/bootstrap-secret.ts'
import type { Address } from '../../services/chassis/transport.ts'
import type { Control } from '../../services/control/control.ts'
import { createFakeWorkload, type Site, shop, startControl, temporaryDirectory, workloads } from './control-support.ts'

const texts = Object.fromEntries(workloads.map(name => [name, createBootstrapText()]))
const secrets = Object.fromEntries(workloads.map(name => [name, readBootstrapSecret(texts[name]!, name)]))
const secret = (name: string) => secrets[name]!

describe('a workload with a secret of its own', () => {
  const directory = temporaryDirectory()
  let control: Control
  let site: Site
  let ahead = 0
  const start = async () => {
    control = await startControl(directory.path, {
      clock: () => Date.now() + ahead,
      secretOf: name => (name === 'inventory' ? undefined : secrets[name]),
      ackTimeoutMs: 2_000,
    })
    site = { address: control.workloadAddress(), bootstrap: control.bootstrap }
  }
  beforeAll(start)
  afterAll(async () => {
    await control.close()
    directory.remove()
  })

  const ask = (workload: string, more: { by?: BootstrapSecret; at?: Address; returning?: boolean } = {}) =>
    introduce({
      ...{ control: more.at ?? control.workloadAddress(), workload, secret: more.by ?? secret(workload) },
      returning: more.returning ?? false,
    })
  const token = (workload: string, time = Date.now()) => secret(workload).joinToken(workload, time)
  const tried = async (workload: string, joinToken: string) => {
    const { status, json } = await createFakeWorkload(site, workload).enrol(joinToken)
    return status === 200 ? 'in' : json.code
  }

  it('learns whom to trust, and comes in, each time it starts', async () => {
    for (const _ of ['first', 'again']) {
      const { bundle, joinToken } = await ask('orders')
      expect(bundle).toEqual(control.bootstrap)
      expect(await tried('orders', joinToken)).toBe('in')
    }
  })

  it('never shows the secret, and believes nobody who does not have it', async () => {
    const heard: string[] = []
    const others = createAuthority({ trustDomain: 'hop.lab', clock: Date.now })
    const own = generateKey()
    const { chain } = others.issueWorkload({
      id: 'spiffe://hop.lab/control',
      publicKey: own.publicKey,
      lifetimeMs: 60_000,
      serial: others.newSerial(),
    })
    const impostor: Server = createServer(
      { key: privateKeyPem(own.privateKey), cert: chain },
      async (request, response) => {
        const text = (await request.toArray()).join('')
        heard.push(text, JSON.stringify(request.headers))
        const { nonce } = JSON.parse(text)
        const told = { workload: 'orders', nonce, time: Date.now(), bundle: others.trustBundle() }
        const proof = secret('payments').proveTrust(told)
        response.end(JSON.stringify({ bundle: told.bundle, time: told.time, proof }))
      },
    )
    impostor.listen(0, '127.0.0.1')
    await once(impostor, 'listening')
    const at = { host: '127.0.0.1', port: (impostor.address() as AddressInfo).port }
    await expect(ask('orders', { at })).rejects.toMatchObject({ code: 'bootstrap-proof' })
    impostor.close()
    expect(heard).toHaveLength(2)
    expect(heard.join('')).not.toContain(texts.orders)
  })

  it('does not take an answer to an earlier question, nor one about other roots or another time', () => {
    const told = { workload: 'orders', nonce: createNonce(), time: 1, bundle: ['a', 'b'] }
    const proof = secret('orders').proveTrust(told)
    const check = (more: object) => () => secret('orders').checkTrust({ ...told, ...more }, proof)
    expect(check({})).not.toThrow()
    for (const other of [
      { nonce: createNonce() },
      { time: 2 },
      { bundle: ['a'] },
      { bundle: ['ab'] },
      { workload: 'edge' },
    ])
      expect(check(other)).toThrow(expect.objectContaining({ code: 'bootstrap-proof' }))
  })

  it('makes tokens that are good once, also for a control plane that was away', async () => {
    const joinToken = token('orders')
    expect(await tried('orders', joinToken)).toBe('in')
    expect(await tried('orders', joinToken)).toBe('join-token-used')
    const other = token('orders')
    expect(await tried('orders', other)).toBe('in')
    await control.close()
    await start()
    expect([await tried('orders', joinToken), await tried('orders', other)]).toEqual([
      'join-token-used',
      'join-token-used',
    ])
  })

  it('lets exactly one of 24 win the race for a token', async () => {
    const raced = token('payments')
    const all = await Promise.all(Array.from({ length: 24 }, () => tried('payments', raced)))
    expect(all.filter(outcome => outcome === 'in')).toHaveLength(1)
    expect(all.filter(outcome => outcome === 'join-token-used')).toHaveLength(23)
  })

  it('makes tokens that are good for a minute, by the clock of the control plane', async () => {
    const now = Date.now()
    expect(await tried('orders', token('orders', now - 50_000))).toBe('in')
    expect(await tried('orders', token('orders', now + 50_000))).toBe('in')
    expect(await tried('orders', token('orders', now - 61_000))).toBe('join-token-expired')
    expect(await tried('orders', token('orders', now + 61_000))).toBe('join-token-expired')
    ahead = 3_600_000
    // told the time, its own clock does not matter
    expect(await tried('orders', (await ask('orders')).joinToken)).toBe('in')
    ahead = 0
  })

  it('comes in as itself alone', async () => {
    expect(await tried('orders', secret('payments').joinToken('orders', Date.now()))).toBe('join-token-unknown')
    expect(await tried('orders', token('payments'))).toBe('join-token-unknown')
    expect(await tried('payments', token('orders'))).toBe('join-token-unknown')
    const [own, nonce, , proof] = token('orders').split('.')
    expect(await tried('orders', [own, nonce, Date.now() + 1, proof].join('.'))).toBe('join-token-unknown')
    await expect(ask('orders', { by: secret('payments') })).rejects.toMatchObject({ code: 'bootstrap-proof' })
  })

  it('keeps a token whose CSR was refused', async () => {
    const joinToken = token('orders')
    const greedy = { uris: ['spiffe://hop.lab/payments'] }
    const { json } = await createFakeWorkload(site, 'orders').enrol(joinToken, greedy)
    expect(json.code).toBe('csr-asks-for-another-identity')
    expect(await tried('orders', joinToken)).toBe('in')
  })

  it('is refused where it has none, or does not exist', async () => {
    await expect(ask('inventory')).rejects.toMatchObject({ code: 'bootstrap-unknown' })
    expect(await tried('inventory', token('inventory'))).toBe('join-token-unknown')
    await expect(ask('nobody', { by: secret('orders') })).rejects.toMatchObject({ code: 'workload-unknown' })
  })

  it('stays out once it was revoked, until the operator lets it in again, once', async () => {
    const shipping = createFakeWorkload(site, 'shipping')
    const early = token('shipping')
    await shipping.enrol(token('shipping'))
    await shipping.connect()
    await control.operations.revoke({ id: 'spiffe://hop.lab/shipping' }, 'keyCompromise')
    await expect(ask('shipping')).rejects.toMatchObject({ code: 'bootstrap-barred' })
    expect(await tried('shipping', early)).toBe('bootstrap-barred')

    const back = createFakeWorkload(site, 'shipping')
    const reenrolled = control.operations.reenrol('shipping')
    await back.enrol((await ask('shipping', { returning: true })).joinToken)
    await back.connect()
    expect(await reenrolled).toMatchObject({ acknowledged: true })
    expect(control.operations.state().workloads.find(({ name }) => name === 'shipping')?.connected).toBe(true)

    await control.operations.revoke({ id: 'spiffe://hop.lab/shipping' }, 'keyCompromise')
    await expect(ask('shipping')).rejects.toMatchObject({ code: 'bootstrap-barred' })
  })

  it('stays out also where it never opened a stream, or was to be let in again before', async () => {
    expect(await tried('payments', token('payments'))).toBe('in')
    const waits = () =>
      expect(control.operations.reenrol('payments')).rejects.toMatchObject({ code: 'reenrol-timeout' })
    const before = waits()
    await control.operations.revoke({ id: 'spiffe://hop.lab/payments' }, 'keyCompromise')
    await expect(ask('payments')).rejects.toMatchObject({ code: 'bootstrap-barred' })
    expect(await tried('payments', token('payments'))).toBe('bootstrap-barred')
    const after = waits()
    expect(await tried('payments', (await ask('payments')).joinToken)).toBe('in')
    expect(await tried('payments', token('payments'))).toBe('in')
    await Promise.all([before, after])
  })

  it('may start while its renewal is switched off, but does not come back by itself', async () => {
    await control.operations.setSwitch('renewal', { gateway: { on: false } })
    await expect(ask('gateway', { returning: true })).rejects.toMatchObject({ code: 'bootstrap-withheld' })
    expect(await tried('gateway', (await ask('gateway')).joinToken)).toBe('in')
    await control.operations.setSwitch('trustWithheld', ['gateway'])
    await expect(ask('gateway')).rejects.toMatchObject({ code: 'bootstrap-withheld' })
    expect(await tried('gateway', token('gateway'))).toBe('bootstrap-withheld')
    await control.operations.resetSwitch('trustWithheld')
    await control.operations.resetSwitch('renewal')
    expect(await tried('gateway', (await ask('gateway', { returning: true })).joinToken)).toBe('in')
  })

  it('that does not come when it is let in again is told of, and let in when it does', async () => {
    await expect(control.operations.reenrol('edge')).rejects.toMatchObject({ code: 'reenrol-timeout' })
    await expect(control.operations.reenrol('inventory')).rejects.toMatchObject({ code: 'reenrol-by-hand' })
    await control.operations.setSwitch('renewal', { edge: { on: false } })
    expect(await tried('edge', (await ask('edge', { returning: true })).joinToken)).toBe('in')
    await expect(ask('edge', { returning: true })).rejects.toMatchObject({ code: 'bootstrap-withheld' })
    await control.operations.resetSwitch('renewal')
  })
})

it('a secret that could be guessed is refused', () => {
  for (const text of ['', 'short', 'x'.repeat(31), 'x'.repeat(201), `${'x'.repeat(40)} `])
    expect(() => readBootstrapSecret(text, 'here')).toThrow(expect.objectContaining({ code: 'bootstrap-secret' }))
  expect(shop.workloads).not.toHaveProperty('control')
})
