import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { createControlClient } from '../../../services/chassis/control-client.ts'
import { noTelemetry } from '../../../services/chassis/telemetry.ts'
import { workloadContextOptions } from '../../../services/chassis/tls-options.ts'
import { createMesh } from './mesh.ts'

// An error event nobody listens to ends the process; here it would fail the run.
test('a stream whose reader left is closed, and what happens to it afterwards ends nothing', async () => {
  const mesh = createMesh()
  const server = createServer(workloadContextOptions(mesh.trust(), mesh.mint('control')))
  server.on('request', (_request: IncomingMessage, response: ServerResponse) => {
    response.write('{"type":"ping"}\n')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const asked = once(server, 'request')
  const control = { host: '127.0.0.1', port: (server.address() as AddressInfo).port }
  const credentials = mesh.credentials('orders')
  const client = createControlClient({
    ...{ workload: 'orders', trustDomain: 'hop.lab', control, credentials, telemetry: noTelemetry() },
  })
  const ended = new AbortController()
  for await (const message of client.stream({ listening: control, applied: 0 }, ended.signal)) {
    expect(message).toEqual({ type: 'ping' })
    break
  }
  const [, response] = await asked
  ended.abort()
  await once(response, 'close')
  await client.close()
  server.closeAllConnections()
  server.close()
  await new Promise(setImmediate)
})
