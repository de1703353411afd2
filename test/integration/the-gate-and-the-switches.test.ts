import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { readLabFile } from '../../lab/state-file.ts'
import { connectLab, type LabClient } from '../../scenarios/lab-client.ts'
import { attempt } from '../../scenarios/tools/attempt.ts'
import { startNewcomer } from '../../scenarios/tools/newcomer.ts'
import { freshAddress } from '../../scenarios/tools/source.ts'
import { answerOf, createHome, hop, start } from './cli-support.ts'

const place = createHome()
const state = place.dir('state')
const at = (...args: string[]) => [...args, '--state', state]
let lab: LabClient

beforeAll(async () => {
  expect((await hop(...at('up', '--detach', '--mode', 'hybrid'))).code).toBe(0)
  lab = await connectLab(readLabFile(state)!.access)
})

afterAll(async () => {
  await lab?.close()
  await hop(...at('down', '--if-running'))
  place.clean()
})

it('a lab with nothing added passes the gate, and declared plaintext is told', async () => {
  const { code, answer } = await answerOf(...at('gate'))
  expect(code).toBe(0)
  expect(answer).toMatchObject({ topology: 'shop', mode: 'hybrid', passed: true, since: expect.any(String) })
  const inventory = answer.findings.find(({ link }: { link: string }) => link === 'orders:inventory')
  expect(inventory).toMatchObject({ decision: 'noted', declared: true, crossesZone: false, data: ['stock'] })
  expect((await hop(...at('gate', '--strict'))).code).toBe(0)
  expect((await hop(...at('gate', '--no-probe', '--since', 'all'))).out).toContain('the gate is open')
})

it('a gate whose own request is not served does not say that all is well', async () => {
  await lab.switchMode('edge-terminate-plaintext')
  const before = await lab.switches()
  const flooded = { edge: { waf: true, rate: { perSecond: 0.001, burst: 1 }, tokens: true } }
  await lab.setSwitch('l7', flooded)
  try {
    const asUser = await answerOf(...at('gate', '--strict'))
    expect(asUser).toMatchObject({ code: 1, answer: { probe: '201', passed: false } })
    await lab.switchMode('hybrid')
    const { code, answer } = await answerOf(...at('gate'))
    expect(code).toBe(1)
    expect(answer).toMatchObject({ probe: '429', passed: false })
    expect(answer.findings.filter(({ decision }: { decision: string }) => decision === 'refused')).toEqual([])
    expect((await hop(...at('gate'))).out).toContain('its own request got 429, so there was little to see')
  } finally {
    await lab.setSwitch('l7', before.l7)
    await lab.switchMode('hybrid')
  }
})

it('a log pipeline that nobody declared shuts it, until it is allowed by name or gone', async () => {
  const collector = await startNewcomer('127.0.0.1')
  try {
    const pipeline = { payments: { name: 'collector', address: collector.address } }
    expect((await hop(...at('switch', 'logPipelines', JSON.stringify(pipeline)))).code).toBe(0)
    const { code, answer } = await answerOf(...at('gate'))
    expect(code, 'the first gate after it must find it').toBe(1)
    await collector.until('/charges', AbortSignal.timeout(5000))
    expect(answer.findings[0]).toMatchObject({
      ...{ link: 'payments:collector', decision: 'refused', declared: false, crossesZone: true, data: null },
    })
    expect((await hop(...at('gate', '--allow', 'payments:collector'))).code).toBe(0)
    expect((await hop(...at('state'))).out).toContain('! switched logPipelines')
    expect((await hop(...at('switch', 'logPipelines', 'default'))).code).toBe(0)
    expect((await hop(...at('state'))).out).not.toContain('switched logPipelines')
    expect(collector.received().join('')).not.toMatch(/4000000000000002/)
  } finally {
    await collector.close()
  }
})

it('a service that nobody declared shuts it, told from the workloads’ own calls by what they account for', async () => {
  await lab.switchMode('edge-terminate-plaintext')
  expect((await hop(...at('gate'))).code).toBe(0)
  const inventory = (await lab.state()).workloads.find(({ name }) => name === 'inventory')!.address!
  const from = freshAddress(lab.access.edge)
  const headers = { 'x-spiffe-id': 'spiffe://hop.lab/orders' }
  const called = await attempt({
    address: inventory,
    method: 'POST',
    path: '/reservations',
    body: { stock: 'mug' },
    headers,
    from,
  })
  expect(called).toMatchObject({ answered: true, status: 201 })
  const { code, answer } = await answerOf(...at('gate'))
  expect(code).toBe(1)
  expect(answer.findings[0]).toMatchObject({
    decision: 'refused',
    caller: called.from,
    callee: 'inventory',
    connections: 1,
  })
  expect(answer.findings.filter(({ decision }: { decision: string }) => decision === 'refused')).toHaveLength(1)
  const strict = await answerOf(...at('gate', '--strict', '--allow', `${called.from}:inventory`))
  expect(strict.code).toBe(1)
  const refused = strict.answer.findings.filter(({ decision }: { decision: string }) => decision === 'refused')
  expect(refused.map(({ link }: { link: string }) => link)).toEqual(['edge:gateway', 'orders:payments'])
  await lab.switchMode('hybrid')
})

it('a switch is set by a short word, shown by state, and set back', async () => {
  const set = await answerOf(...at('switch', 'policy', 'deny-by-name:inventory'))
  expect(set.answer).toEqual({
    ...{ name: 'policy', value: { kind: 'deny-by-name', names: ['inventory'] }, default: false },
    before: { kind: 'least-privilege' },
  })
  expect((await answerOf(...at('state'))).answer.switched).toEqual({ policy: set.answer.value })
  expect((await answerOf(...at('switch'))).answer.map(({ name }: { name: string }) => name)).toEqual(
    Object.keys(await lab.switches()),
  )
  await hop(...at('switch', 'policy', 'default'))
  expect((await answerOf(...at('switch', 'policy'))).answer).toMatchObject({ default: true })
  expect((await answerOf(...at('state'))).answer.switched).toEqual({})
})

it('an experiment that is interrupted leaves nothing switched', async () => {
  await lab.switchMode('mtls')
  const running = start(at('run', 'broad-policy', '--mode', 'all'))
  while (Object.keys((await lab.state()).switched).length === 0) await wait(2)
  running.child.kill('SIGINT')
  const { code, err } = await running.ended
  expect({ code, err }).toMatchObject({ code: 130, err: expect.stringContaining('set back') })
  expect(await lab.state()).toMatchObject({ switched: {}, mode: 'mtls' })
})
