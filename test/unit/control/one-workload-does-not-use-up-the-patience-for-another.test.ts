import { request as httpsRequest } from 'node:https'
import type { AddressInfo } from 'node:net'
import { pino } from 'pino'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createAuthority } from '../../../pki/authority.ts'
import { mintProfile } from '../../../pki/profiles.ts'
import type { KeyPair } from '../../../services/chassis/tls-options.ts'
import { createWorkloadServer } from '../../../services/control/api/workload-server.ts'

const authority = createAuthority({ trustDomain: 'hop.lab', clock: Date.now })
const stranger = createAuthority({ trustDomain: 'hop.lab', clock: Date.now })
const papersOf = (name: string, from = authority): KeyPair => mintProfile(from, [], { id: `spiffe://hop.lab/${name}` })

let app: Awaited<ReturnType<typeof createWorkloadServer>>

beforeEach(async () => {
  const trust = { bundle: authority.trustBundle(), crl: authority.crls({ revoked: [], number: 1 }) }
  app = await createWorkloadServer({ log: pino({ level: 'silent' }), pair: papersOf('control'), trust, perMinute: 3 })
  app.get('/', () => 'yes')
  await app.listen({ host: '127.0.0.1', port: 0 })
})
afterEach(() => app.close())

const ask = (pair?: KeyPair): Promise<number | undefined> =>
  new Promise((resolve, reject) => {
    const { port } = app.server.address() as AddressInfo
    const proof = pair ? { key: pair.key, cert: pair.chain } : {}
    httpsRequest({ host: '127.0.0.1', port, agent: false, rejectUnauthorized: false, ...proof }, answer => {
      answer.resume().once('end', () => resolve(answer.statusCode))
    })
      .once('error', reject)
      .end()
  })

const askFour = async (pair?: KeyPair) => [await ask(pair), await ask(pair), await ask(pair), await ask(pair)]

test('each certificate has a measure of its own, over all its connections', async () => {
  expect(await askFour(papersOf('orders'))).toEqual([200, 200, 200, 429])
  expect(await askFour(papersOf('payments'))).toEqual([200, 200, 200, 429])
})

test('whoever proved nothing shares one with his address, whatever he shows, and takes nothing from the others', async () => {
  expect(await askFour()).toEqual([200, 200, 200, 429])
  expect(await ask(papersOf('orders', stranger))).toBe(429)
  expect(await ask(papersOf('orders'))).toBe(200)
})
