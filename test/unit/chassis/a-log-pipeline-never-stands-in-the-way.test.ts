import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { createLogShipper, type LogShipperLimits } from '../../../services/chassis/log-shipper.ts'
import type { RequestRecord } from '../../../services/chassis/observation.ts'
import { createTelemetry } from '../../../services/chassis/telemetry.ts'
import { createCleanup, createMesh, until } from './mesh.ts'

const credentials = createMesh().credentials('payments')
const cleanup = createCleanup()
afterEach(cleanup.run)

const record = (path: string): Omit<RequestRecord, 'cursor'> => ({
  ...{ at: '', requestId: 'r', traceId: 't', spanId: 's', method: 'GET', path, status: 200, durationMs: 1 },
  ...{ connection: 'c', callerBy: 'nobody' as const },
})

const collector = async () => {
  const batches: { type: string | undefined; paths: string[] }[] = []
  const server = createServer(async (request, response) => {
    const text = Buffer.concat(await request.toArray()).toString()
    const lines = text.trimEnd().split('\n')
    batches.push({ type: request.headers['content-type'], paths: lines.map(line => JSON.parse(line).path) })
    response.end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  cleanup.add({
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  })
  const { address: host, port } = server.address() as AddressInfo
  return { batches, address: { host, port } }
}

const shipper = (limits: LogShipperLimits) => {
  const telemetry = createTelemetry('payments')
  const made = cleanup.add(createLogShipper({ credentials: credentials, telemetry, limits }))
  return { ...made, seen: () => telemetry.observations(0, []) }
}

test('records go out as lines in batches, and stay with the workload too', async () => {
  const { batches, address } = await collector()
  const { telemetry, shipTo, seen } = shipper({ everyMs: 1, waiting: 100 })
  telemetry.request(record('/before'))
  shipTo({ link: 'payments:collector', address })
  telemetry.request(record('/one'))
  telemetry.request(record('/two'))
  await until(() => batches.length === 1)
  expect(batches).toEqual([{ type: 'application/x-ndjson', paths: ['/one', '/two'] }])
  telemetry.request(record('/three'))
  await until(() => batches.length === 2)
  expect(seen().requests.map(({ path }) => path)).toEqual(['/before', '/one', '/two', '/three'])
})

test('its connection is on record as what it is', async () => {
  const { batches, address } = await collector()
  const { telemetry, shipTo, seen } = shipper({ everyMs: 1, waiting: 100 })
  shipTo({ link: 'payments:collector', address })
  telemetry.request(record('/one'))
  await until(() => batches.length === 1)
  expect(seen().connections).toMatchObject([{ side: 'client', link: 'payments:collector', transport: 'plaintext' }])
})

test('what waits is bounded: the oldest goes first', async () => {
  const { batches, address } = await collector()
  const { telemetry, shipTo } = shipper({ everyMs: 20, waiting: 2 })
  shipTo({ link: 'payments:collector', address })
  for (const path of ['/one', '/two', '/three']) telemetry.request(record(path))
  await until(() => batches.length === 1)
  expect(batches[0]?.paths).toEqual(['/two', '/three'])
})

test('a collector that is not there costs a batch and nothing else; one that comes back gets the next', async () => {
  const { batches, address } = await collector()
  const { telemetry, shipTo, seen } = shipper({ everyMs: 1, waiting: 100 })
  shipTo({ link: 'payments:collector', address: { ...address, port: 1 } })
  telemetry.request(record('/lost'))
  await until(() => seen().connections.some(({ failure }) => failure?.name === 'connection-refused'))
  shipTo({ link: 'payments:collector', address })
  telemetry.request(record('/kept'))
  await until(() => batches.length === 1)
  expect(batches[0]?.paths).toEqual(['/kept'])
})

test('told to ship nowhere it drops what waits', async () => {
  const { batches, address } = await collector()
  const { telemetry, shipTo } = shipper({ everyMs: 1, waiting: 100 })
  shipTo({ link: 'payments:collector', address })
  telemetry.request(record('/one'))
  shipTo(undefined)
  telemetry.request(record('/two'))
  shipTo({ link: 'payments:collector', address })
  telemetry.request(record('/three'))
  await until(() => batches.length === 1)
  expect(batches[0]?.paths).toEqual(['/three'])
})
