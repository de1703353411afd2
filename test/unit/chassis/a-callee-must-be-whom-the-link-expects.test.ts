import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:tls'
import { afterEach, expect, test } from 'vitest'
import { createCleanup, createMesh, dial, idOf, serve, uncheckedCredentials } from './mesh.ts'

const mesh = createMesh()
const gateway = mesh.credentials('gateway')
const cleanup = createCleanup()
afterEach(cleanup.run)

test.each(['tls', 'mtls'] as const)('%s: the callee the link names is accepted, and on record', async transport => {
  const callee = cleanup.add(await serve(mesh.credentials('orders'), [transport]))
  const caller = cleanup.add(dial(gateway, callee.address, transport))
  expect(await caller.ask()).toMatchObject({ status: 200 })
  expect(caller.records()).toMatchObject([
    { link: 'caller:orders', peer: { kind: 'authenticated', id: idOf('orders') } },
  ])
})

test.each(['tls', 'mtls'] as const)(
  '%s: another workload with a valid certificate of its own is refused as wrong-identity',
  async transport => {
    const impostor = cleanup.add(await serve(mesh.credentials('inventory'), [transport]))
    const caller = cleanup.add(dial(gateway, impostor.address, transport))
    expect(await caller.ask()).toEqual({ failure: 'wrong-identity', code: 'wrong-identity' })
    expect(caller.records()).toMatchObject([{ side: 'client', failure: { name: 'wrong-identity' } }])
    expect(impostor.admitted()).toEqual([])
  },
)

test('a prefix, a suffix, another case or another trust domain of the name is not the name', async () => {
  const callee = cleanup.add(await serve(mesh.credentials('orders'), ['mtls']))
  for (const id of [idOf('order'), idOf('orders2'), idOf('Orders'), idOf('orders/x'), 'spiffe://other.lab/orders']) {
    const caller = cleanup.add(dial(gateway, callee.address, 'mtls', { id }))
    expect(await caller.ask(), id).toMatchObject({ failure: 'wrong-identity' })
  }
})

test('CN=localhost without a SAN is refused, though Node’s own check would fall back to it', async () => {
  const callee = cleanup.add(await serve(uncheckedCredentials(mesh.mint('orders', ['no-san']), mesh.trust()), ['mtls']))
  const caller = cleanup.add(dial(gateway, callee.address, 'mtls'))
  expect(await caller.ask()).toMatchObject({ failure: 'not-an-svid' })
})

test('a public name’s certificate is no workload’s', async () => {
  const pair = mesh.mintPublic('orders.svc.hop.lab')
  const callee = cleanup.add(await serve(uncheckedCredentials(pair, mesh.trust()), ['tls']))
  expect(await cleanup.add(dial(gateway, callee.address, 'tls')).ask()).toMatchObject({ failure: 'not-an-svid' })
})

test('sessions are not resumed, even from a callee that offers tickets: each connection is judged', async () => {
  const resumed: boolean[] = []
  const pair = mesh.mint('orders')
  const server = createServer({ key: pair.key, cert: pair.chain }, socket => {
    resumed.push(socket.isSessionReused())
    socket.on('error', () => {})
    socket.on('data', () => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}'))
  }).listen(0, '127.0.0.1')
  cleanup.add(server)
  await once(server, 'listening')
  const address = { host: '127.0.0.1', port: (server.address() as AddressInfo).port }
  const caller = cleanup.add(dial(gateway, address, 'tls'))
  for (let i = 0; i < 4; i++) expect(await caller.ask()).toMatchObject({ status: 200 })
  expect(resumed).toEqual([false, false, false, false])
  expect(caller.records().map(({ resumed }) => resumed)).toEqual([false, false, false, false])
})

test('with verification switched off anybody is accepted, and the record says not-verified', async () => {
  const { key, chain } = mesh.mint('inventory')
  for (const pair of [{ key, chain }, mesh.mint('orders', ['self-signed']), mesh.mint('orders', ['expired'])]) {
    const impostor = cleanup.add(await serve(uncheckedCredentials(pair, mesh.rootsOnly()), ['tls']))
    const caller = cleanup.add(dial(gateway, impostor.address, 'tls', { verify: false }))
    expect(await caller.ask()).toMatchObject({ status: 200 })
    expect(caller.records()[0]?.peer).toEqual({ kind: 'anonymous', because: 'not-verified' })
  }
})

test('a failed upstream is never tried over a weaker transport', async () => {
  const callee = cleanup.add(await serve(mesh.credentials('inventory'), ['plaintext', 'tls', 'mtls']))
  const caller = cleanup.add(dial(gateway, callee.address, 'mtls'))
  expect(await caller.ask()).toMatchObject({ failure: 'wrong-identity' })
  expect(callee.admitted()).toEqual([])
  expect(caller.records()).toHaveLength(1)
})
