import { once } from 'node:events'
import { expect, test } from 'vitest'
import { startAgent } from '../../../services/chassis/agent.ts'
import type { ControlClient } from '../../../services/chassis/control-client.ts'
import type { HeldCertificate } from '../../../services/chassis/observation.ts'
import { createRenewals } from '../../../services/chassis/renewal.ts'
import { noTelemetry } from '../../../services/chassis/telemetry.ts'
import type { Workload } from '../../../services/chassis/workload.ts'
import { createMesh, until } from './mesh.ts'

test('a request that goes on for ever on an old connection keeps no certificate from being renewed, no agent from closing', async () => {
  let renewed = 0
  let abandoned = 0
  const control: ControlClient = {
    enrol: async () => {},
    renew: async () => void renewed++,
    obtainPublic: async () => {},
    // biome-ignore lint/correctness/useYield: a stream on which nothing is said
    async *stream(_hello, signal) {
      await once(signal, 'abort')
    },
    acknowledge: async () => {},
    acknowledgeTrust: async () => {},
    report: async () => {},
    metrics: async () => {},
    close: async () => {},
  }
  const workload: Workload = {
    name: 'orders',
    listen: async () => ({ host: '127.0.0.1', port: 1 }),
    apply: async () => {},
    judgeAnew: async () => {},
    leave: async () => {},
    refresh: () => {
      abandoned++
      return new Promise(() => {})
    },
    expel: () => {},
    observations: () => ({ workload: 'orders', connections: [], requests: [], keyLog: [], held: [], cursor: 0 }),
    close: async () => {},
  }
  const credentials = createMesh().credentials('orders')
  const listening = { host: '127.0.0.1', port: 1 }
  const agent = startAgent({ workload, control, credentials, telemetry: noTelemetry(), listening, renewAt: 1e-9 })
  await until(() => renewed >= 3)
  expect(abandoned).toBeGreaterThanOrEqual(2)
  await agent.close()
})

test('each certificate is renewed in its own time; one that cannot be had delays no other', async () => {
  const ended = new AbortController()
  const tried = { workload: 0, public: 0 }
  const in50ms = () => new Date(Date.now() + 50).toISOString()
  const held = (): HeldCertificate[] => [
    { kind: 'public', name: 'shop.hop.lab', key: 'a', serial: '1', notAfter: in50ms(), notBefore: '', issuer: '' },
    {
      kind: 'workload',
      name: 'spiffe://hop.lab/orders',
      key: 'b',
      serial: '2',
      notAfter: in50ms(),
      notBefore: '',
      issuer: '',
    },
  ]
  const renewals = createRenewals({
    ...{ credentials: { held, grantOf: () => undefined }, telemetry: noTelemetry(), signal: ended.signal },
    ...{ clock: Date.now, renewAt: 0.5, random: () => 0 },
  })
  renewals.keep('public', 'shop.hop.lab', async () => {
    tried.public++
    throw new Error('public-name-not-yours')
  })
  renewals.keep('workload', 'spiffe://hop.lab/orders', async () => void tried.workload++)
  await until(() => tried.workload >= 3 && tried.public >= 2)
  ended.abort()
  await renewals.over()
})
