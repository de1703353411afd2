import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Control } from '../../services/control/control.ts'
import { createFakeWorkload, startControl, temporaryDirectory } from './control-support.ts'

const directory = temporaryDirectory()
const at = '2026-03-01T12:00:00.000Z'
const id = '0123456789abcdef0123456789abcdef'
const nothing = { workload: 'orders', connections: [], requests: [], keyLog: [], held: [], cursor: 1 }
const request = {
  ...{ cursor: 1, at, requestId: id, traceId: id, spanId: 'a', method: 'GET', path: '/', status: 200, durationMs: 1 },
  ...{ connection: 'c', callerBy: 'nobody' },
}
const lies: Record<string, object> = {
  'a connection that is none': { connections: [null] },
  'a link that is a number': { connections: [{ id: 'c', side: 'client', transport: 'plaintext', link: 7, at }] },
  'a request that is none': { requests: [null] },
  'a request at no time': { requests: [{ ...request, at: 'never' }] },
  'a call that is none': { requests: [{ ...request, calls: [null] }] },
  'a certificate that is none': { held: [null] },
  'a certificate with a name that fills memory': {
    held: [{ kind: 'workload', name: 'x'.repeat(301), key: '', serial: '', issuer: '', notBefore: at, notAfter: at }],
  },
  'more renewals than anybody has': {
    renewals: Array.from({ length: 101 }, (_, i) => ({ kind: 'workload', name: `${i}`, at, failures: 1 })),
  },
  'lists that are none': { trust: { version: 1, roots: [], crls: [null] } },
}

let control: Control
const shop: Record<string, ReturnType<typeof createFakeWorkload>> = {}

beforeAll(async () => {
  control = await startControl(directory.path, { reportTimeoutMs: 300 })
  const site = { address: control.workloadAddress(), bootstrap: control.bootstrap }
  for (const name of ['orders', 'payments']) {
    const workload = createFakeWorkload(site, name)
    await workload.enrol(control.operations.joinToken(name, ''))
    await workload.connect()
    workload.observe({ ...nothing, workload: name } as never)
    shop[name] = workload
  }
})
afterAll(async () => {
  await control.close()
  directory.remove()
})

const ask = async (path: string) => {
  const { host, port } = control.operatorAddress()
  const headers = { authorization: `Bearer ${control.operatorToken}` }
  const answer = await fetch(`http://${host}:${port}${path}`, { headers })
  return { status: answer.status, text: await answer.text() }
}
const reports = (text: string, name: string) =>
  new RegExp(`hop_workload_reports{workload="${name}"} (.)`).exec(text)?.[1]

test('who tells what can be is heard', async () => {
  shop.orders!.observe({ ...nothing, requests: [request] } as never)
  const { status, text } = await ask('/metrics/control')
  expect([status, reports(text, 'orders'), reports(text, 'payments')]).toEqual([200, '1', '1'])
})

test.each(Object.entries(lies))('%s counts as no report, and the others are heard', async (_, lie) => {
  shop.orders!.observe({ ...nothing, ...lie } as never)
  const { status, text } = await ask('/metrics/control')
  expect([status, reports(text, 'orders'), reports(text, 'payments')]).toEqual([200, '0', '1'])
  const asked = await ask(`/api/requests/${id}`)
  expect([asked.status, JSON.parse(asked.text).away.includes('orders')]).toEqual([200, true])
})
