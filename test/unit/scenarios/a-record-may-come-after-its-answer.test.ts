import { createServer } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { callFromInside } from '../../../scenarios/flows/insider-call.ts'
import type { LabClient } from '../../../scenarios/lab-client.ts'
import type { Observations } from '../../../services/chassis/observation.ts'
import type { Address } from '../../../services/chassis/transport.ts'
import { usualHopsOf } from '../../../services/hops.ts'
import { shop } from './outcomes.ts'

const hop = usualHopsOf(shop, 'edge-terminate-plaintext').find(({ link }) => link.id === 'orders:payments')!

const closing: (() => void)[] = []
afterEach(() => {
  for (const close of closing.splice(0)) close()
})

/** A callee on loopback, and a lab that has its record only when it was asked so many times. */
const answering = async (recordsAfter: number) => {
  const came: Socket[] = []
  const server = createServer((request, response) => {
    came.push(request.socket)
    request.resume()
    response.writeHead(201, { connection: 'close' }).end('{}')
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  closing.push(() => server.close())
  const address: Address = { host: '127.0.0.1', port: (server.address() as AddressInfo).port }
  let sources: { remoteAddress: string; remotePort: number }[] = []
  server.on('connection', ({ remoteAddress, remotePort }) => {
    sources = [...sources, { remoteAddress: remoteAddress!, remotePort: remotePort! }]
  })
  let asked = 0
  const report = (): Partial<Observations> => {
    asked += 1
    if (asked <= recordsAfter) return { workload: 'payments', connections: [], requests: [], cursor: 0 }
    return {
      ...{ workload: 'payments', cursor: 2 },
      connections: sources.map(source => ({
        cursor: 1,
        id: 'c',
        side: 'server',
        at: '',
        transport: 'plaintext',
        ...source,
      })),
      requests: [{ cursor: 2, connection: 'c', rule: 'orders:payments' } as Observations['requests'][number]],
    }
  }
  const lab = {
    topology: shop,
    state: async () => ({ workloads: [{ name: 'payments', address }] }),
    reports: async () => ({ payments: report() }),
  } as unknown as LabClient
  return { lab, asked: () => asked }
}

test('and is waited for', async () => {
  const { lab, asked } = await answering(3)
  const { request, connection } = await callFromInside(lab, hop, 'somebody', {})
  expect(request).toMatchObject({ rule: 'orders:payments' })
  expect(connection).toMatchObject({ id: 'c' })
  expect(asked()).toBe(4)
})

test('but not for ever: who never writes one has none', async () => {
  const { lab } = await answering(1_000)
  const { attempt, request } = await callFromInside(lab, hop, 'somebody', {})
  expect(attempt).toMatchObject({ answered: true, status: 201 })
  expect(request).toBeUndefined()
})
