import { afterAll, beforeAll, expect, it } from 'vitest'
import { answerOf, createHome, hop } from '../support/cli.ts'

const place = createHome()
const state = place.dir('state')
const at = (...args: string[]) => [...args, '--state', state]
const glass = (link: string, ...more: string[]) => ['break-glass', link, '--for', '30s', '--reason', 'x', ...more]

beforeAll(async () => {
  expect((await answerOf(...at('up', '--detach', '--mode', 'mtls', '--no-wire'))).code).toBe(0)
})
afterAll(async () => {
  await hop(...at('down', '--if-running'))
  place.clean()
})

const refused = async (args: string[], code: number, error: string, field: string, says: string) => {
  const [plain, json] = await Promise.all([hop(...at(...args)), answerOf(...at(...args))])
  expect([plain.code, json.code, json.answer.error.code]).toEqual([code, code, error])
  expect(json.answer.error).toMatchObject({ field, expected: expect.any(String), found: expect.any(String) })
  expect(plain.err).toMatch(/^hop: /)
  expect(plain.err).toContain(says)
  expect(plain.err).not.toMatch(/\n {4}at |should not happen|[\u001b\u202e]/)
}

it.each<[string[], number, string, string, string]>([
  [['revoke', 'ordrs', '--reason', 'superseded'], 2, 'revocable-unknown', 'what', 'Did you mean orders?'],
  [['revoke', 'spiffe://hop.lab/nobody', '--reason', 'superseded'], 2, 'revocable-unknown', 'what', 'hop certificates'],
  [['revoke', '\u202eorders', '--reason', 'superseded'], 2, 'revocable-unknown', 'what', 'hop certificates'],
  [['renew', 'ordrs'], 2, 'workload-unknown', 'workload', 'Did you mean orders?'],
  [['reenrol', 'constructor'], 2, 'workload-unknown', 'workload', 'one of edge'],
  [['rotate', '--back'], 1, 'no-rotation', 'rotation', 'hop rotate begins one'],
  [['rollback'], 1, 'no-rollout', 'rollout', 'nothing to roll back'],
  [['break-glass', '--end'], 1, 'no-break-glass', 'link', 'nothing to end'],
  [glass('order:payments'), 2, 'link-unknown', 'link', 'Did you mean orders:payments?'],
  [glass('client:edge'), 2, 'break-glass-link', 'link', 'one of edge:gateway'],
  [
    ['break-glass', 'orders:payments', '--for', '30s', '--reason', '\u001b[2J'],
    2,
    'body-invalid',
    '--reason',
    'control',
  ],
  [['break', 'order:payments', '--with', 'expired'], 2, 'link-unknown', 'link', 'Did you mean orders:payments?'],
  [['break', 'orders:payments', '--with', 'expired', '--tls', '1.1'], 2, 'tls-unknown', '--tls', 'Did you mean 1.2?'],
  [['rollout', 'hybrid', '--canary', 'paymnts'], 2, 'workload-unknown', '--canary', 'Did you mean payments?'],
  [['switch', 'trust-withheld', '["ordrs"]'], 2, 'body-invalid', 'trustWithheld.0', 'Did you mean orders?'],
  [['switch', 'trust-withheld', '["orders","orders"]'], 2, 'body-invalid', 'trustWithheld', 'once'],
  [
    ['switch', 'renewal', '{"orders":{"on":true,"lifetimeS":-1}}'],
    2,
    'body-invalid',
    'renewal.orders.lifetimeS',
    'least 1',
  ],
  [['switch', 'revocation', 'soft-fail'], 2, 'usage', 'revocation', 'hop switch'],
  [['switch', 'tls', '{"minVersion":"TLSv1.4"}'], 2, 'body-invalid', 'tls.minVersion', 'Did you mean TLSv1.'],
  [['switch', 'clocks', '{"orders":1e9}'], 2, 'body-invalid', 'clocks.orders', 'at most 86400'],
])('hop %j is refused', async (args, code, error, field, says) => {
  const { code: ended, answer } = await answerOf(...at(...args))
  expect([ended, answer.error.code, answer.error.field]).toEqual([code, error, field])
  expect(answer.error.message).toContain(says)
})

it('a rotation of the other CA is not undone, and nothing else begins meanwhile', async () => {
  expect((await hop(...at('rotate', 'root', '--step'))).code).toBe(0)
  await refused(['rotate', 'intermediate', '--back'], 1, 'rotation-in-progress', 'rotation', 'hop rotate --back')
  await refused(['rotate', 'intermediate'], 1, 'rotation-in-progress', 'rotation', 'hop rotate --back')
  expect((await answerOf(...at('rollout', 'hybrid'))).answer.error.code).toBe('rotation-in-progress')
  expect((await answerOf(...at(...glass('orders:payments')))).answer.error.code).toBe('rotation-in-progress')
  expect((await hop(...at('rotate', 'root', '--back'))).code).toBe(0)
})

it('a relaxed link is relaxed once, is not broken on top, and nothing else begins meanwhile', async () => {
  expect((await hop(...at(...glass('orders:payments')))).code).toBe(0)
  for (const args of [glass('orders:payments'), glass('edge:gateway'), ['mode', 'hybrid'], ['rotate', 'root']])
    expect((await answerOf(...at(...args))).answer.error.code).toBe('break-glass-active')
  const broken = await answerOf(...at('break', 'orders:payments', '--with', 'expired'))
  expect([broken.code, broken.answer.error.code]).toEqual([1, 'break-glass-active'])
  expect((await hop(...at('break-glass', '--end'))).code).toBe(0)
})

it('who is revoked is not revoked again and does not renew, until it is let in again', async () => {
  const revoke = ['revoke', 'shipping', '--reason', 'superseded', '--yes']
  expect((await hop(...at(...revoke))).code).toBe(0)
  await refused(revoke, 1, 'nothing-to-revoke', 'what', 'not revoked yet')
  await refused(['renew', 'shipping'], 1, 'workload-not-connected', 'workload', 'hop reenrol')
  expect((await hop(...at('reenrol', 'shipping'))).code).toBe(0)
  expect((await hop(...at('renew', 'shipping'))).code).toBe(0)
})
