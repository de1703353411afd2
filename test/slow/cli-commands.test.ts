import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { catalogue } from '../../scenarios/catalogue.ts'
import { claimIds } from '../../scenarios/claims.ts'
import { modes } from '../../services/modes.ts'
import { answerOf, createHome, hop, start } from '../support/cli.ts'

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

it('calls tells who called a workload, as whom, and by which rule', async () => {
  await hop(...at('request'))
  const { answer } = await answerOf(...at('calls', 'payments'))
  const allowed = answer.find(({ rule }: { rule?: string }) => rule === 'orders:payments')
  expect(allowed).toMatchObject({
    callee: 'payments',
    caller: 'spiffe://hop.lab/orders',
    method: 'POST',
    path: '/charges',
  })
  expect((await hop(...at('calls'))).out).toContain('client:edge')
  const { answer: denied } = await answerOf(...at('calls', '--denied'))
  expect(denied.every((call: object) => 'denied' in call && !('rule' in call))).toBe(true)
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
  expect(code, out + err).toBe(0)
  expect(out).toContain('✓ holds')
  expect(out).toMatch(/^Boundary +hybrid$/m)
  expect(out).toMatch(/\d+ cells/)
  expect(out).not.toContain('edge → gateway  ')
  expect(err).toContain('switched live')
  expect(out + err).not.toContain('\u001b')
  expect(statSync(join(state, 'verdicts.json')).mode & 0o777).toBe(0o600)
}, 500_000)

it('what came out last is there again without a new run, link by link and as a page', async () => {
  const { code, out } = await hop(...at('matrix', '--kept', '--mode', 'hybrid', '--links'))
  expect(out).toMatch(/^ {6}orders → payments +✓ holds$/m)
  expect(out).toMatch(/cells, .*, observed until \d{4}-/)
  expect(code, out).toBe(0)
  const file = join(place.home, 'kept.html')
  const { answer } = await answerOf(...at('matrix', '--kept', '--html', file))
  expect(answer.html).toBe(file)
  const page = readFileSync(file, 'utf8')
  expect(page).toMatch(/^<!doctype html>/)
  expect(page).toMatch(/<pre class="hex"[^>]*>00000000 {2}[0-9a-f]{2} /)
  expect(/<script|<img|<[^>]* (src|on\w+)=| href="(?!#)/.test(page)).toBe(false)
  expect(statSync(file).mode & 0o777).toBe(0o600)
})

it('an answer longer than a pipe holds is written to its end', async () => {
  const { out } = await hop(...at('matrix', '--kept', '--json'))
  expect(out.length).toBeGreaterThan(128 * 1024)
  expect(out.endsWith('}\n')).toBe(true)
})

it('explain tells in prose what came out, runs what did not run yet, and says when it was', async () => {
  const kept = await answerOf(...at('explain', 'eavesdrop', '--mode', 'hybrid'))
  expect(kept.code).toBe(0)
  expect(kept.answer.modes[0].observedAt).toMatch(/^\d{4}-/)
  const fresh = await answerOf(...at('explain', 'eavesdrop', '--mode', 'hybrid', '--fresh'))
  expect(fresh.answer.modes).toMatchObject([{ mode: 'hybrid', observedAt: null }])
  const { out } = await hop(...at('explain', 'who-terminates'))
  expect(out.replaceAll('\n', ' ')).toMatch(/ends at the service itself.* In re-encrypt \(.*It was run just now\./)
  expect((await hop(...at('explain', 'who-terminates'))).out).toContain('It was observed at')
  expect((await answerOf(...at('mode'))).answer.mode).toBe('re-encrypt')
})

it('claims are listed with what shows them and what came out last', async () => {
  const { code, answer } = await answerOf(...at('claims'))
  expect(code).toBe(0)
  expect(answer.topology).toBe('shop')
  expect(answer.claims.map(({ id }: { id: string }) => id)).toEqual(claimIds)
  const { scenarios } = answer.claims.find(({ id }: { id: string }) => id === 'B2')
  expect(scenarios[0].verdicts).toContainEqual(expect.objectContaining({ mode: 'hybrid', verdict: 'mixed' }))
  const nowhere = await hop('claims', '--state', join(place.home, 'nowhere'))
  expect(nowhere).toMatchObject({ code: 0, err: '' })
  expect(nowhere.out).toContain('not run yet')
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

it('token prints a signed token and nothing else, and the audit does not hold it', async () => {
  const { out, code } = await hop(...at('token', '--subject', 'eve', '--role', 'support', '--lifetime', '60'))
  expect(code).toBe(0)
  const [, payload] = out.trim().split('.')
  const claims = JSON.parse(Buffer.from(payload!, 'base64url').toString())
  expect(claims).toMatchObject({ sub: 'eve', roles: ['support'], aud: 'shop', exp: claims.iat + 60 })
  const audit = await hop(...at('audit', '--json'))
  expect(audit.out).toContain('"target":"eve"')
  expect(audit.out).not.toContain(payload)
  expect((await answerOf(...at('token', '--subject', 'a b'))).answer.error.code).toBe('body-invalid')
})

it('colour can be forced, and JSON stays plain', async () => {
  const coloured = await start(at('mode'), { env: { FORCE_COLOR: '1' } }).ended
  expect(coloured.out).toContain('\u001b[')
  const plain = await start(at('mode', '--json'), { env: { FORCE_COLOR: '1' } }).ended
  expect(modes).toContain(JSON.parse(plain.out).mode)
})
