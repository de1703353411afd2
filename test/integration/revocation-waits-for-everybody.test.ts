import { X509Certificate } from 'node:crypto'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { readSvid } from '../../pki/svid.ts'
import type { Control } from '../../services/control/control.ts'
import {
  createFakeWorkload,
  type FakeWorkload,
  operatorOf,
  startControl,
  temporaryDirectory,
} from './control-support.ts'

const directory = temporaryDirectory()
let control: Control
let operator: ReturnType<typeof operatorOf>
let orders: FakeWorkload
let payments: FakeWorkload

const member = async (name: string) => {
  const site = { address: control.workloadAddress(), bootstrap: control.bootstrap }
  const workload = createFakeWorkload(site, name)
  expect((await workload.enrol(control.operations.joinToken(name, 'test'))).status).toBe(200)
  return workload
}

beforeAll(async () => {
  control = await startControl(directory.path, { ackTimeoutMs: 400 })
  operator = operatorOf(control.operatorAddress(), control.operatorToken)
  ;[orders, payments] = await Promise.all([member('orders'), member('payments')])
  await Promise.all([orders.connect(), payments.connect()])
})
afterAll(async () => {
  orders.close()
  payments.close()
  await control.close()
  directory.remove()
})

const revokeAnother = async () => {
  const thief = await member('gateway')
  const { serial } = readSvid(new X509Certificate(thief.pair()!.cert))
  return (await operator('POST', '/api/revoke', { serial, reason: 'keyCompromise' })).json
}
const everything = ({ version }: { version: number }) => [{ version, ok: true, drained: true }]

it('a revocation is acknowledged once every connected workload has taken it, and not before', async () => {
  expect(await revokeAnother()).toMatchObject({ acknowledged: true })
  payments.answerTrustWith(() => [])
  expect(await revokeAnother()).toMatchObject({ acknowledged: false })
  payments.answerTrustWith(({ version }) => [{ version, ok: false, drained: false, error: 'a disk is full' }])
  expect(await revokeAnother()).toMatchObject({ acknowledged: false })
  payments.answerTrustWith(everything)
  expect(await revokeAnother()).toMatchObject({ acknowledged: true })
})

it('a workload whose own certificate was revoked is not waited for', async () => {
  payments.answerTrustWith(() => [])
  const said = await operator('POST', '/api/revoke', { id: 'spiffe://hop.lab/payments', reason: 'keyCompromise' })
  expect(said.json).toMatchObject({ acknowledged: true })
})

it('a control plane that gives out no lists goes on letting in who may, and nobody else', async () => {
  const thief = await member('gateway')
  const { serial } = readSvid(new X509Certificate(thief.pair()!.cert))
  const value = { lists: 'withheld', failure: 'hard-fail' }
  expect((await operator('PUT', '/api/switches/revocation', { value })).json).toMatchObject({ acknowledged: true })
  await operator('POST', '/api/revoke', { serial, reason: 'keyCompromise' })
  expect((await orders.call('/v1/renew', { csr: orders.csr().csr })).status).toBe(200)
  const refused = await thief.call('/v1/renew', { csr: thief.csr().csr })
  expect([refused.status, refused.json.code]).toEqual([401, 'peer-refused'])
})
