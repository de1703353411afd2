import { afterAll, beforeAll, expect, it } from 'vitest'
import { readLabFile } from '../../lab/state-file.ts'
import { connectLab, type LabClient } from '../../scenarios/lab-client.ts'
import { callInPlaintext } from '../integration/guarded-rollout-support.ts'
import { answerOf, createHome, hop, start } from '../support/cli.ts'

const place = createHome()
const state = place.dir('state')
const at = (...args: string[]) => [...args, '--state', state]
const plaintext = 'edge-terminate-plaintext'
let lab: LabClient

beforeAll(async () => {
  await answerOf(...at('up', '--detach', '--mode', plaintext))
  lab = await connectLab(readLabFile(state)!.access)
})
afterAll(async () => {
  await lab?.close()
  await hop(...at('down', '--if-running'))
  place.clean()
})

const payments = async () => (await lab.state()).workloads.find(({ name }) => name === 'payments')!.address!

it('plan tells which links change, the riskiest first, and passes while nobody would break', async () => {
  const { code, answer } = await answerOf(...at('plan', 'mtls'))
  expect(code).toBe(0)
  expect(answer).toMatchObject({ from: plaintext, to: 'mtls', passed: true })
  const links = answer.sections.find(({ id }: { id: string }) => id === 'links')
  expect(links.items[0]).toMatchObject({ link: 'orders:payments', from: 'plaintext', to: 'mtls', stronger: true })
  const told = await hop(...at('plan', 'passthrough'))
  expect(told.out).toContain('opens TLS now and passes TLS on unopened then')
  expect((await hop(...at('plan', 'mtls', '--since', 'soon'))).code).toBe(2)
})

it('one step at a time: each holds and says how to go on', async () => {
  const first = await hop(...at('rollout', 'mtls', '--step', '--observe', '10ms'))
  expect(first).toMatchObject({ code: 0, out: expect.stringContaining('Holding after widen') })
  expect(first.out).toContain('hop rollout mtls goes on')
  expect((await hop(...at('rollout', 'mtls', '--step', '--observe', '10ms'))).out).toContain('Holding after move')
  expect((await hop(...at('rollout', 'mtls', '--step', '--observe', '10ms'))).out).toContain('mtls everywhere')
  expect((await hop(...at('mode', plaintext))).code).toBe(0)
})

it('plan and rollout name who would break, and fail; a canary before that goes its way', async () => {
  const canary = await hop(...at('rollout', 'mtls', '--canary', 'inventory', '--observe', '10ms'))
  expect(canary.out).toContain('Holding after move')
  expect((await hop(...at('state'))).out).toContain('only into inventory')
  await callInPlaintext(await payments())
  const { code, answer } = await answerOf(...at('plan', 'mtls'))
  expect(code).toBe(1)
  expect(answer.sections.find(({ id }: { id: string }) => id === 'callers').items).toMatchObject([
    { address: '127.77.0.9', callee: 'payments', transport: 'plaintext', requests: 1 },
  ])
  const calling = setInterval(async () => callInPlaintext(await payments()).catch(() => {}), 20)
  try {
    const refused = await hop(...at('rollout', 'mtls', '--observe', '300ms'))
    expect(refused.code).toBe(1)
    expect(refused.out).toContain('! 127.77.0.9 as spiffe://hop.lab/orders still calls payments by plaintext')
    expect(refused.err).toContain('Move these callers or end them')
  } finally {
    clearInterval(calling)
  }
  expect((await hop(...at('rollout', 'mtls', '--observe', '10ms', '--max-error-rate', '1%'))).out).toContain(
    'mtls everywhere',
  )
})

it.each([
  [['--max-error-rate', 'many'], '--max-error-rate'],
  [['--observe', '1d'], '--observe'],
  [['--observe', '1h'], '--observe'],
])('refuses %j before the lab is asked', async (words, field) => {
  const { code, answer } = await answerOf(...at('rollout', plaintext, ...words))
  expect([code, answer.error.code, answer.error.field]).toEqual([2, 'usage', field])
})

it('an experiment with rollouts that is interrupted leaves none of them behind', async () => {
  const { mode } = await lab.state()
  const running = start(at('run', 'permissive-then-strict'))
  while (!(await lab.state()).rollout) await new Promise(setImmediate)
  running.child.kill('SIGINT')
  expect(await running.ended).toMatchObject({ code: 130, err: expect.stringContaining('set back') })
  expect(await lab.state()).toMatchObject({ mode, rollout: null })
})

it('an impossible canary is bad input', async () => {
  const { code, answer } = await answerOf(...at('rollout', 'passthrough', '--canary', 'payments'))
  expect([code, answer.error.code]).toEqual([2, 'canary-invalid'])
  const nobody = await answerOf(...at('rollout', plaintext, '--canary', 'mallory'))
  expect([nobody.code, nobody.answer.error.code]).toEqual([2, 'workload-unknown'])
})
