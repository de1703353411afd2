import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { startEmbedded } from '../../../lab/embedded.ts'
import { createLog } from '../../../services/chassis/telemetry.ts'
import { readTopology } from '../../../services/topology/file.ts'
import { bareTls, createCleanup, createMesh, idOf } from './mesh.ts'
import { desiredOf, letIn, send, startWorkload } from './workloads.ts'

const mesh = createMesh()
const cleanup = createCleanup()
afterEach(cleanup.run)

// one JSON object a line, and not one character that a terminal would obey
const harmless = /^(?:\{[^\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]*\}\n)+$/

const logged = (write: (log: ReturnType<typeof createLog>) => void): string => {
  const lines: string[] = []
  write(createLog('orders', { write: line => void lines.push(line) }))
  return lines.join('')
}

describe('secrets', () => {
  test('of an order on its way through the whole lab reach no log', async () => {
    const stateDir = mkdtempSync(join(tmpdir(), 'hop-secrets-'))
    cleanup.add({ close: () => rmSync(stateDir, { recursive: true, force: true }) })
    const kept: string[] = []
    const topology = readTopology('topologies/shop.yaml')
    const lab = cleanup.add(
      await startEmbedded({
        ...{ topology, stateDir: join(stateDir, 'state'), mode: 'mtls', wire: false },
        logTo: { write: line => void kept.push(line) },
      }),
    )
    const token = randomBytes(24).toString('base64url')
    const card = '4929123456781234'
    const door = { tls: { servername: topology.ingress.serverName }, host: topology.ingress.serverName }
    const order = { card, amount: 4200, address: '1 Canary Street', stock: 'lamp' }
    const lines = [`Authorization: Bearer ${token}`, `Cookie: session=${token}`]
    const sent = { ...door, lines, method: 'POST', path: `/orders?token=${token}` }
    expect((await send(lab.access.edge, { ...sent, body: JSON.stringify(order) })).status).toBe(201)
    expect(
      (await send(lab.access.edge, { ...sent, body: JSON.stringify({ ...order, card: `${card}x` }) })).status,
    ).toBe(400)
    expect((await send(lab.access.edge, { ...sent, body: `{"card":"${card}"` })).status).toBe(400)
    await fetch(`${lab.access.operator}/api/state`, { headers: { authorization: `Bearer ${lab.access.token}` } })
    await fetch(`${lab.access.operator}/api/state`, { headers: { authorization: `Bearer ${lab.access.token}x` } })
    const text = kept.join('')
    expect(text).toContain('"path":"/orders"')
    for (const secret of [card, token, lab.access.token, 'Canary Street', 'PRIVATE KEY'])
      expect(text.includes(secret), secret).toBe(false)
    expect(text).toMatch(harmless)
  })

  test.each(['authorization', 'cookie', 'token', 'joinToken', 'card', 'key', 'privateKey', 'operatorToken', 'keyLog'])(
    'a field named %s is redacted, two levels down too',
    field => {
      const secret = randomBytes(8).toString('hex')
      const text = logged(log => {
        log.info({ [field]: secret })
        log.info({ a: { [field]: secret } })
        log.info({ a: { b: { [field]: secret } } })
        log.child({ [field]: secret }).info('x')
      })
      expect(text).not.toContain(secret)
      expect(text.match(/\[redacted\]/g)?.length).toBeGreaterThanOrEqual(3)
    },
  )
})

describe('injection', () => {
  const evil = 'a\nb\r\u001b[31m\u0000\u007f\u0085\u009b2J\u2028\u202e\u2066"}'

  test('a log line stays one line of harmless characters, and says the same when read', () => {
    const text = logged(log => {
      log.info({ evil, [evil]: 1, deep: { evil } }, evil)
      log.error(new Error(evil), evil)
    })
    expect(text).toMatch(harmless)
    const [first] = text.split('\n')
    expect(JSON.parse(first!)).toMatchObject({ evil, deep: { evil }, msg: evil })
  })

  test('by path, headers, server name and certificate', async () => {
    const rules = [letIn(idOf('gateway'))]
    const accepts = ['plaintext', 'tls', 'mtls'] as const
    const orders = cleanup.add(
      await startWorkload(mesh.credentials('orders'), desiredOf({ accepts: [...accepts], rules })),
    )
    const bytes = Buffer.from('\u009b31m\u202e').toString('latin1')
    const lines = [
      `X-Spiffe-ID: ${idOf('gateway')}${bytes}`,
      `X-Request-ID: ${bytes}abc-12345`,
      `traceparent: ${bytes}`,
    ]
    await send(orders.address, { lines, path: '/a%1b[31m%0d%0aINFO' })
    await send(orders.address, { path: `/a${bytes}` })
    await send(orders.address, { path: '/a\u001b[31m' })
    await send(orders.address, { method: 'GET\u001b', path: '/' })
    await send(orders.address, { tls: { servername: 'a\u001b[31m\u009b.hop.lab' } })
    for (const kind of ['newline-in-san', 'nul-in-san', 'comma-in-san', 'self-signed']) {
      const pair = mesh.mint('gateway', [kind])
      await bareTls(orders.address, { key: pair.key, cert: pair.chain })
    }
    expect(orders.logged()).toMatch(harmless)
    expect(orders.logged().split('\n').length).toBeGreaterThan(8)
  })
})
