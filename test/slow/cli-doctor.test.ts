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

it('the doctor has nothing to say about a lab that is well', async () => {
  const { code, answer } = await answerOf(...at('doctor', '--strict'))
  expect({ code, findings: answer.findings }).toEqual({ code: 0, findings: [] })
})

it('a broken link is named from both ends, in words', async () => {
  const { code, out } = await hop(...at('break', 'orders:payments', '--with', 'expired,wrong-san', '--side', 'callee'))
  expect(code).toBe(0)
  expect(out).toContain('orders saw certificate-expired (CERT_HAS_EXPIRED)')
  expect(out).toContain('wrong-identity, look at: callee-certificate')
  expect(out).toContain('✓ the doctor named 2 of 2')
})

it('what cannot be tried is said, and nothing tried is a failure', async () => {
  const { code, answer } = await answerOf(
    ...at('break', 'orders:payments', '--with', 'no-certificate', '--side', 'callee'),
  )
  expect(code).toBe(1)
  expect(answer.skipped).toEqual([
    { breakage: 'no-certificate', end: 'callee', because: expect.stringContaining('cannot do that') },
  ])
})

it('the doctor fails on an error, and on a warning where he is asked to be strict', async () => {
  await hop(...at('switch', 'policy', 'allow-all'))
  const ill = await hop(...at('doctor'))
  expect(ill.code).toBe(1)
  expect(ill.out).toContain('hop switch policy default')
  await hop(...at('switch', 'policy', 'default'))
  await hop(...at('mode', 'edge-terminate-plaintext'))
  expect((await answerOf(...at('doctor'))).code).toBe(0)
  expect((await answerOf(...at('doctor', '--strict'))).code).toBe(1)
})

it('renew has a workload hold something new', async () => {
  const issued = async () => (await answerOf(...at('certificates', '--all'))).answer
  const before = JSON.stringify(await issued())
  expect(await answerOf(...at('renew', 'orders'))).toEqual({ code: 0, answer: { renewed: 'orders' } })
  expect(JSON.stringify(await issued())).not.toBe(before)
})

it('break --list needs no lab', async () => {
  const { code, answer } = await answerOf('break', '--list', '--state', place.dir('none'))
  expect(code).toBe(0)
  expect(answer.find(({ name }: { name: string }) => name === 'no-certificate')).toMatchObject({ ends: ['caller'] })
})

it.each([
  [['break', 'orders:payments', '--with', 'expird'], 'breakage-unknown'],
  [['break', 'orders:paymets', '--with', 'expired'], 'link-unknown'],
  [['break', 'orders:payments', '--with', 'expired', '--side', 'left'], 'side-unknown'],
  [['break', 'orders:payments', '--with', 'expired', '--tls', '1.2'], 'usage'],
  [['break', 'orders:payments'], 'usage'],
  [['break'], 'usage'],
  [['renew', 'ordrs'], 'workload-unknown'],
])('%j is %s', async (words, code) => {
  expect(await answerOf(...at(...words))).toMatchObject({ code: 2, answer: { error: { code } } })
})
