import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { catalogue } from '../../scenarios/catalogue.ts'
import { modes } from '../../services/modes.ts'
import { answerOf, createHome, hop, start } from './cli-support.ts'

const place = createHome()
const state = place.dir('state')
const at = (...args: string[]) => [...args, '--state', state]

beforeAll(async () => {
  const { code, answer } = await answerOf(...at('up', '--detach', '--mode', 'mtls'))
  expect(code).toBe(0)
  expect(answer).toMatchObject({ stateDir: state, pid: expect.any(Number), access: { edge: { host: '127.0.0.1' } } })
  expect(JSON.stringify(answer)).not.toContain('token')
})

afterAll(async () => {
  await hop(...at('down', '--if-running'))
  place.clean()
})

it('state says what the lab is told to be', async () => {
  const { code, answer } = await answerOf(...at('state'))
  expect(code).toBe(0)
  expect(answer).toMatchObject({ mode: 'mtls', settled: true, rollout: null })
  expect(JSON.stringify(answer)).not.toContain(JSON.parse(readFileSync(join(state, 'lab.json'), 'utf8')).access.token)
  const { out } = await hop(...at('state'))
  expect(out).toContain('spiffe://hop.lab/orders')
})

it('mode goes to another one live, a JSON object a line', async () => {
  const { code, out } = await hop(...at('mode', 're-encrypt', '--json'))
  expect(code).toBe(0)
  const lines = out
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
  expect(lines.filter(({ type }) => type === 'reached').map(({ step }) => step)).toEqual(['widen', 'move', 'narrow'])
  expect(lines.at(-1)).toMatchObject({ done: true, mode: 're-encrypt' })
  expect((await hop(...at('mode'))).out).toMatch(/^\* re-encrypt/m)
})

it('a rollout holds where it is told to, and rolls back', async () => {
  const held = await hop(...at('mode', 'mtls', '--stop-at', 'widen'))
  expect(held.out).toContain('Holding after widen')
  const other = await answerOf(...at('mode', 'hybrid'))
  expect(other).toMatchObject({ code: 1, answer: { error: { code: 'rollout-in-progress' } } })
  expect((await hop(...at('rollback'))).code).toBe(0)
  expect((await answerOf(...at('mode'))).answer).toMatchObject({ mode: 're-encrypt', rollout: null })
  expect((await answerOf(...at('rollback'))).answer.error.code).toBe('no-rollout')
})

it('map shows each hop as observed', async () => {
  const { code, answer } = await answerOf(...at('map'))
  expect(code).toBe(0)
  expect(answer.hops.length).toBeGreaterThan(4)
  expect(answer.hops[0].observed).toMatchObject({ transport: 'tls', protocol: 'TLSv1.3', decrypted: true })
  expect((await hop(...at('map'))).out).toContain(`decrypted ${answer.decryptions} times`)
})

it('request is followed hop by hop, and fails when it is refused', async () => {
  const { code, answer } = await answerOf(...at('request'))
  expect(code).toBe(0)
  expect(answer.steps.map(({ workload }: { workload: string }) => workload)).toContain('payments')
  const id = JSON.parse(answer.answer.body).id
  expect((await hop(...at('request', 'GET', `/orders/${id}`, '--header', 'x-hop: 1'))).code).toBe(0)
  expect((await hop(...at('request', 'DELETE', '/nothing'))).code).toBe(1)
  const sent = await answerOf(...at('request', 'POST', '/orders', '--body', '{"card":"none"}'))
  expect(sent.code).toBe(1)
})

it('scenarios are listed without a lab', async () => {
  const { answer } = await answerOf('scenarios')
  expect(answer.map(({ id }: { id: string }) => id)).toEqual(catalogue.map(({ id }) => id))
})

it('run shows one experiment with its evidence, in the modes asked for, and leaves the lab in its own', async () => {
  const { code, answer } = await answerOf(...at('run', 'eavesdrop', '--mode', 'edge-terminate-plaintext,mtls'))
  expect(code).toBe(0)
  expect(new Set(answer.cells.map(({ mode }: { mode: string }) => mode)).size).toBe(2)
  expect((await answerOf(...at('mode'))).answer.mode).toBe('re-encrypt')
  const { out, code: here } = await hop(...at('run', 'eavesdrop'))
  expect(here).toBe(0)
  expect(out).toContain('in re-encrypt')
  expect(out).toContain('control passed')
})

it('matrix puts guarantees to the test in a mode', async () => {
  const { code, out, err } = await hop(...at('matrix', '--mode', 'hybrid'))
  expect(out).toContain('✓ holds')
  expect(out).toMatch(/\d+ cells/)
  expect(err).toContain('switched live')
  expect(out + err).not.toContain('\u001b')
  expect(code).toBe(out.includes('all as expected') ? 0 : 1)
})

it('capture writes a file for its owner, with keys when asked for', async () => {
  const file = join(place.home, 'a.pcapng')
  const { code, answer } = await answerOf(...at('capture', 'orders:payments', '-o', file, '--with-keys'))
  expect(code).toBe(0)
  expect(answer).toMatchObject({ link: 'orders:payments', connections: 1 })
  expect(answer.keys).toBeGreaterThan(0)
  expect(readFileSync(file).readUInt32BE(0)).toBe(0x0a0d0d0a)
  expect(statSync(file).mode & 0o777).toBe(0o600)
  const reports = await answerOf(...at('state'))
  expect(reports.answer.workloads.some(({ keyLog }: { keyLog: boolean }) => keyLog)).toBe(false)
})

it('audit tells who did what, and keeps secrets to itself', async () => {
  const { answer } = await answerOf(...at('audit'))
  expect(answer.map(({ action }: { action: string }) => action)).toContain('mode')
  const last = answer.at(-1).id
  expect((await answerOf(...at('audit', '--since', String(last)))).answer).toEqual([])
  expect((await hop(...at('audit'))).out).toContain('operator')
})

it('a reader that stops reading is no failure', async () => {
  const running = start(at('audit'))
  running.child.stdout?.destroy()
  const { code, err } = await running.ended
  expect({ code, err }).toEqual({ code: 0, err: '' })
})

it('colour can be forced, and JSON stays plain', async () => {
  const coloured = await start(at('mode'), { env: { FORCE_COLOR: '1' } }).ended
  expect(coloured.out).toContain('\u001b[')
  const plain = await start(at('mode', '--json'), { env: { FORCE_COLOR: '1' } }).ended
  expect(modes).toContain(JSON.parse(plain.out).mode)
})
