import { afterAll, beforeAll, expect, it } from 'vitest'
import { answerOf, createHome, hop } from '../support/cli.ts'

const place = createHome()
const state = place.dir('state')
const at = (...args: string[]) => [...args, '--state', state]

beforeAll(async () => {
  expect((await answerOf(...at('up', '--detach', '--mode', 'mtls'))).code).toBe(0)
})
afterAll(async () => {
  await hop(...at('down', '--if-running'))
  place.clean()
})

const status = async () => (await answerOf(...at('request'))).answer.answer.status

it('a running workload is not taken out of the mesh without the operator’s word, and is told apart before', async () => {
  const refused = await hop(...at('revoke', 'payments', '--reason', 'keyCompromise'))
  expect(refused.code).toBe(2)
  expect(refused.out).toMatch(/1 certificate to revoke \(keyCompromise\):\n {2}[0-9a-f]{32} {2}payments, valid until /)
  expect(refused.out).toContain('payments runs on it now and will be out of the mesh')
  expect(refused.err).toContain('--yes')
  expect(await status()).toBe(201)
})

it('with it the workload is out, the time it took is told, and so is the way back', async () => {
  const done = await hop(...at('revoke', 'payments', '--reason', 'keyCompromise', '--yes'))
  expect(done.code).toBe(0)
  expect(done.out).toMatch(/Revoked 1 certificate: refused by every connected workload after [\d.]+ m?s\n/)
  expect(done.out).toContain('hop reenrol payments')
  const { workloads } = (await answerOf(...at('state'))).answer
  expect(workloads.filter(({ connected }: { connected: boolean }) => !connected)).toMatchObject([{ name: 'payments' }])

  const { code, answer } = await answerOf(...at('reenrol', 'payments'))
  expect([code, answer]).toEqual([0, { reenrolled: 'payments', ms: expect.any(Number) }])
  expect(await status()).toBe(201)
})

it('the revoked serial is found by its beginning, and nobody has to be asked about it again', async () => {
  const { answer: audit } = await answerOf(...at('audit'))
  const { detail } = audit.findLast(({ action }: { action: string }) => action === 'revoke')
  expect(detail).toMatchObject({ reason: 'keyCompromise', id: 'spiffe://hop.lab/payments' })
  const { answer } = await answerOf(...at('revoke', 'spiffe://hop.lab/orders', '--reason', 'superseded', '--yes'))
  expect(answer).toMatchObject({ reason: 'superseded', acknowledged: true, losing: ['orders'] })
  const again = await answerOf(...at('revoke', answer.revoked[0].slice(0, 12), '--reason', 'superseded'))
  expect(again).toMatchObject({ code: 0, answer: { revoked: answer.revoked, losing: [] } })
  expect((await hop(...at('reenrol', 'orders'))).out).toContain('orders enrolled anew, with a new key')
})

it.each([
  [['revoke', 'payments', '--reason', 'keycompromise'], 2, 'reason-unknown', /Did you mean keyCompromise\?/],
  [
    ['revoke', 'paymnts', '--reason', 'superseded'],
    2,
    'revocable-unknown',
    /Did you mean payments\? hop certificates --all/,
  ],
  [['revoke', 'beefbeefbeef', '--reason', 'superseded'], 2, 'revocable-unknown', /certificates --all/],
  [['revoke', 'payments', 'orders', '--reason', 'superseded'], 2, 'usage', /one name, or serials/],
  [['revoke', 'payments'], 2, 'usage', /--reason/],
  [['reenrol', 'paymets'], 2, 'workload-unknown', /Did you mean payments\?/],
])('hop %j is refused with what would do', async (args, code, error, says) => {
  const { answer, code: found } = await answerOf(...at(...args))
  expect([found, answer.error.code]).toEqual([code, error])
  expect(JSON.stringify(answer.error)).toMatch(says)
})
