import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { noTelemetry } from '../../../services/chassis/telemetry.ts'
import { createUpstream, upstreamLimits } from '../../../services/chassis/upstream.ts'
import { contextFor } from './hop.ts'
import { createMesh, idOf } from './mesh.ts'

const answers: Record<string, string> = {
  '/good': '{"ok":true}',
  '/empty': '',
  '/text': 'ok',
  '/huge': `"${'x'.repeat(5000)}"`,
}
const callee = createServer((request, response) => response.end(answers[request.url!]))
let upstream: ReturnType<typeof createUpstream>

beforeAll(async () => {
  callee.listen(0, '127.0.0.1')
  await once(callee, 'listening')
  const address = { host: '127.0.0.1', port: (callee.address() as AddressInfo).port }
  upstream = createUpstream({
    spec: {
      link: 'caller:orders',
      callee: 'orders',
      transport: 'plaintext',
      address,
      id: idOf('orders'),
      verify: true,
    },
    credentials: createMesh().credentials('gateway'),
    telemetry: noTelemetry(),
    limits: { ...upstreamLimits, answerBytes: 4096 },
  })
})
afterAll(async () => {
  await upstream.destroy()
  callee.close()
})

const call = (path: string) => upstream.call(contextFor(), { method: 'GET', path })

test('an answer within the bound is read as JSON, none as undefined', async () => {
  expect(await call('/good')).toEqual({ status: 200, body: { ok: true } })
  expect(await call('/empty')).toEqual({ status: 200, body: undefined })
})

test.each(['/huge', '/text'])('%s is a bad response, and the next call is answered', async path => {
  await expect(call(path)).rejects.toMatchObject({ code: 'bad-response' })
  expect(await call('/good')).toMatchObject({ status: 200 })
})
