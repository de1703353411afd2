import { expect, test } from 'vitest'
import type { LabClient } from '../../../scenarios/lab-client.ts'
import { changed, losingClients } from '../../../scenarios/plan/losing-clients.ts'
import type { ConnectionRecord } from '../../../services/chassis/observation.ts'
import { usualTls } from '../../../services/chassis/tls-suites.ts'
import { shop } from './outcomes.ts'

const seen = (at: string, protocol: string, cipher: string): ConnectionRecord => ({
  ...{ cursor: 1, id: 'c', side: 'server', serverName: shop.ingress.serverName, remoteAddress: '192.0.2.1' },
  ...{ at, protocol, cipher },
})

const lab = {
  topology: shop,
  switches: async () => ({ tls: usualTls }),
  reports: async () => ({
    edge: {
      connections: [
        seen('2030-01-01T00:00:00Z', 'TLSv1.2', 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256'),
        seen('2030-01-01T00:00:09Z', 'TLSv1.3', 'TLS_AES_128_GCM_SHA256'),
      ],
    },
  }),
} as unknown as LabClient

const ask = (change: Parameters<typeof losingClients>[0], since: string | null = null) =>
  losingClients(change)(lab, { from: 'mtls', to: 'mtls', since })

test('a minimum that clients seen lately do not have does not pass, and they are named', async () => {
  const { passed, rows, answer } = await ask({ minVersion: 'TLSv1.3' })
  expect(passed).toBe(false)
  expect(answer).toMatch(/^of 2 connections seen, 1 kind of client would and 0 might/)
  expect(rows.map(([client, agreed, , , fate]) => [client, agreed, fate])).toEqual([
    [
      ...['192.0.2.1', 'TLSv1.2 TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256'],
      'will fail: it agreed on TLSv1.2, and TLSv1.3 is the least',
    ],
  ])
})

test('what only may fail passes, and is told', async () => {
  const { passed, answer } = await ask({ dropSuites: ['TLS_AES_128_GCM_SHA256'] })
  expect([passed, answer]).toEqual([true, expect.stringContaining('0 kinds of client would and 1 might')])
})

test('what is older than was asked for does not count', async () => {
  const late = await ask({ minVersion: 'TLSv1.3' }, '2030-01-01T00:00:05Z')
  expect(late).toMatchObject({ passed: true, rows: [] })
  expect(late.answer).toMatch(/^of 1 connection seen, 0 kinds of client/)
})

test('where no client was seen nothing is known, and that does not pass', async () => {
  const nothing = await ask({ minVersion: 'TLSv1.3' }, '2030-01-01T00:01:00Z')
  expect(nothing).toMatchObject({ passed: false, unknown: true, rows: [], answer: expect.stringMatching(/^not known/) })
})

test('that clients of TLS 1.3 tell nothing of a key type is said', async () => {
  expect((await ask({ keyType: 'rsa-2048' })).answer).toMatch(/clients of TLS 1.3 can verify is on no record/)
})

test('a policy with nothing left to agree on is refused', () => {
  expect(() => changed(usualTls, { dropSuites: usualTls.suites })).toThrow(/minimum version and the key type/)
  const ecdsaOnly = { ...usualTls, suites: ['TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256'] }
  for (const change of [{ keyType: 'rsa-2048' }, { minVersion: 'TLSv1.3' }] as const)
    expect(() => changed(ecdsaOnly, change)).toThrow(/found TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256/)
})
