import { chmodSync, cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { alone } from '../../cli/alone.ts'
import { readLabFile } from '../../lab/state-file.ts'
import { answerOf, createHome, hop } from '../support/cli.ts'

const place = createHome()
const running = place.dir('running')
const nowhere = join(place.home, 'nowhere')

beforeAll(async () => {
  await hop('up', '--detach', '--state', running)
})

afterAll(async () => {
  await hop('down', '--if-running', '--state', running)
  place.clean()
})

const rated = (perSecond: unknown) => `{"edge":{"waf":true,"rate":{"perSecond":${perSecond},"burst":1},"tokens":false}}`

it.each([
  [['mode', 'mlts'], 2, 'mode-unknown', 'Did you mean mtls?'],
  [['run', 'evesdrop'], 2, 'scenario-unknown', 'Did you mean eavesdrop?'],
  [['run', 'eavesdrop', '--mode', 'hybird'], 2, 'mode-unknown', 'Did you mean hybrid?'],
  [['token', '--lifetime', 'soon'], 2, 'usage', '--lifetime'],
  [['token', '--subject', 'ada\nadmin'], 2, 'body-invalid', '--subject: expected letters, digits'],
  [['token', '--role', 'a', '--role', ''], 2, 'body-invalid', '--role.1'],
  [['token', '--lifetime', '60', '--lifetime', '61'], 2, 'usage', '"60" and "61"'],
  [['token', 'ada'], 2, 'usage', 'hop token --help'],
  [['token', '--lifetime', '90000'], 2, 'usage', 'from 1 to 86400'],
  [['calls', 'paymnts'], 2, 'workload-unknown', 'Did you mean payments?'],
  [['capture', 'order:payments'], 2, 'link-unknown', 'Did you mean orders:payments?'],
  [['mode', 'mtls', '--stop-at', 'wide'], 2, 'step-unknown', 'Did you mean widen?'],
  [['mtrix'], 2, 'command-unknown', 'Did you mean matrix?'],
  [['up', '--foo'], 2, 'usage', '--help'],
  [['run'], 2, 'usage', '--help'],
  [['mode', 'mtls', 'hybrid'], 2, 'usage', '--help'],
  [['up', '--mode', 'tls'], 2, 'mode-unknown', 'one of'],
  [['up', '--edge-port', '70000'], 2, 'usage', '65535'],
  [['request', 'GET'], 2, 'usage', 'PATH'],
  [['request', 'GET', 'orders'], 2, 'usage', 'PATH'],
  [['request', 'GET', '/a', '--header', 'x\r\ny: 1'], 2, 'usage', '--header'],
  [['request', 'POST', '/a', '--body', '{'], 2, 'usage', '--body'],
  [['audit', '--since', 'x'], 2, 'usage', '--since'],
  [['capture', 'edge:gateway', '-o', '/proc/x'], 2, 'file-not-writable', '/proc/x'],
  [['capture', 'edge:gateway', '--with-keys', '--no-request'], 2, 'usage', '--no-request'],
  [['explain', 'evesdrop'], 2, 'scenario-unknown', 'Did you mean eavesdrop?'],
  [['explain', 'eavesdrop', '--mode', 'mtsl'], 2, 'mode-unknown', 'Did you mean mtls?'],
  [['explain'], 2, 'usage', '--help'],
  [['claims', 'B1'], 2, 'usage', '--help'],
  [['matrix', '--mode', 'hybird'], 2, 'mode-unknown', 'Did you mean hybrid?'],
  [['matrix', '--html'], 2, 'usage', '--help'],
  [['matrix', '--html', '-'], 2, 'usage', '--html'],
  [['matrix', '--html', '--links'], 2, 'usage', '--html'],
  [['matrix', '--html', '/dev/full'], 2, 'file-not-a-page', 'something else'],
  [['matrix', '--mode', 'mtls', '--mode', 'hybrid'], 2, 'usage', '"mtls" and "hybrid"'],
  [['matrix', '--html', '.'], 2, 'file-not-a-page', 'a directory'],
  [['matrix', '--html', 'package.json'], 2, 'file-not-a-page', 'package.json'],
  [['matrix', '--html', '/proc/x.html'], 2, 'file-not-writable', '/proc/x.html'],
  [['matrix', '--html', 'absent/x.html'], 2, 'file-not-writable', 'absent'],
  [['matrix', '--kept'], 2, 'no-verdicts', 'hop matrix'],
  [['gate', '--since', '5'], 2, 'usage', '30s, 10m or 2h'],
  [['gate', '--since', '-1m'], 2, 'usage', '--since'],
  [['gate', '--allow', 'collector'], 2, 'usage', 'payments:collector'],
  [['gate', '--alow', 'a:b'], 2, 'usage', '--alow'],
  [['gate', 'mtls'], 2, 'usage', '--help'],
  [['switch', 'polcy'], 2, 'switch-unknown', 'Did you mean policy?'],
  [['switch', 'policy', 'allow-some'], 2, 'body-invalid', 'least-privilege'],
  [['switch', 'policy', 'deny-by-name:inventry'], 2, 'body-invalid', 'inventory'],
  [['switch', 'policy', '{kind'], 2, 'usage', 'allow-all'],
  [['switch', 'proxy-protocol', 'everyone'], 2, 'body-invalid', 'anyone'],
  [['switch', 'l7', 'on'], 2, 'usage', 'JSON'],
  [['switch', 'l7', '[]'], 2, 'body-invalid', 'l7: expected an object'],
  [['switch', 'l7', '{"edge":{"waf":true}}'], 2, 'body-invalid', 'l7.edge.rate: expected a value, found nothing'],
  [['switch', 'l7', rated(-1)], 2, 'body-invalid', 'l7.edge.rate.perSecond: expected at least 0.001, found -1'],
  [['switch', 'l7', rated('NaN')], 2, 'usage', 'JSON'],
  [['switch', 'l7', '{"__proto__":{}}'], 2, 'usage', 'JSON'],
  [['switch', 'l7', '{"constructor":{}}'], 2, 'body-invalid', 'other than __proto__, prototype, constructor'],
  [['switch', 'l7', '['.repeat(100_000)], 2, 'usage', '99900 characters more'],
  [['switch', 'logPipelines', '{"payments":{"name":"x"}}'], 2, 'body-invalid', 'address'],
])('hop %j is refused', async (args, code, error, words) => {
  const { code: ended, out, err } = await hop(...args, '--json', '--state', running)
  expect(ended).toBe(code)
  expect(JSON.parse(out)).toMatchObject({ error: { code: error } })
  expect(err).toMatch(/^hop: /)
  expect(err).toContain(words)
  expect(err).not.toMatch(/\n {4}at /)
})

it('without --json a refusal leaves the answer empty', async () => {
  expect(await hop('mode', 'mlts', '--state', running)).toMatchObject({
    code: 2,
    out: '',
    err: expect.stringMatching(/^hop: /),
  })
})

it.each([
  ['state'],
  ['mode'],
  ['mode', 'mtls'],
  ['map'],
  ['matrix'],
  ['audit'],
  ['down'],
  ['rollback'],
  ['request'],
  ['explain', 'eavesdrop'],
  ['explain', 'eavesdrop', '--fresh'],
])('hop %s %s: no lab, no answer', async (...args) => {
  const { code, answer } = await answerOf(...args.filter(Boolean), '--state', nowhere)
  expect({ code, error: answer.error.code }).toEqual({ code: 3, error: 'no-lab' })
})

it.each([
  ['a file', () => join(place.home, 'file')],
  ['below a file', () => join(place.home, 'file', 'state')],
  ['no place for files', () => '/proc/x'],
])('a state directory that is %s is refused', async (_, dir) => {
  writeFileSync(join(place.home, 'file'), '')
  const { code, answer } = await answerOf('up', '--state', dir())
  expect(code).toBe(2)
  expect(answer.error.code).toMatch(/^state-/)
})

it('a state directory that others can read is refused', async () => {
  const dir = join(place.home, 'open')
  mkdirSync(dir)
  chmodSync(dir, 0o755)
  expect(await answerOf('up', '--detach', '--state', dir)).toMatchObject({
    code: 2,
    answer: { error: { code: 'state-readable-by-others', remedy: expect.stringContaining('chmod 700') } },
  })
})

it('a state from another version is refused', async () => {
  const dir = place.dir('old')
  expect(await hop('up', '--detach', '--state', dir)).toMatchObject({ code: 0, err: '' })
  await hop('down', '--state', dir)
  const db = new DatabaseSync(join(dir, 'control.sqlite'))
  db.exec('PRAGMA user_version = 99')
  db.close()
  expect(await answerOf('up', '--state', dir)).toMatchObject({
    code: 2,
    answer: { error: { code: 'state-other-version', found: '99' } },
  })
})

it('a state of another topology is refused', async () => {
  const dir = place.dir('shop')
  await hop('up', '--detach', '--state', dir)
  await hop('down', '--state', dir)
  expect(await answerOf('up', '--state', dir, '--topology', 'topologies/clinic.yaml')).toMatchObject({
    code: 2,
    answer: { error: { code: 'state-other-topology' } },
  })
})

it.each([
  ['damaged', '{"format":1', 0o600, 'verdicts-unreadable'],
  ['from another version', '{"format":99}', 0o600, 'verdicts-other-format'],
  ['from anybody', '{}', 0o666, 'verdicts-not-ours'],
])('verdicts that are %s are refused, and a run goes on without them', async (_, text, mode, error) => {
  const file = join(running, 'verdicts.json')
  writeFileSync(file, text)
  chmodSync(file, mode)
  for (const args of [['claims'], ['matrix', '--kept'], ['explain', 'eavesdrop']])
    expect(await answerOf(...args, '--state', running)).toMatchObject({
      code: 2,
      answer: { error: { code: error, field: expect.stringContaining(file), remedy: expect.any(String) } },
    })
  const { code, err } = await hop('run', 'who-terminates', '--state', running)
  expect(code).toBe(0)
  expect(err).toMatch(error === 'verdicts-other-format' ? /^$/ : /The verdicts were not kept/)
  rmSync(file)
})

it('who experiments with a lab or switches it has it alone, and whoever looks may look', async () => {
  await alone(running, async () => {
    for (const args of [['matrix'], ['run', 'eavesdrop'], ['explain', 'eavesdrop', '--fresh'], ['mode', 'mtls']])
      expect(await answerOf(...args, '--state', running)).toMatchObject({
        code: 1,
        answer: { error: { code: 'lab-busy', remedy: expect.stringContaining('--state') } },
      })
    expect((await answerOf('switch', 'policy', 'allow-all', '--state', running)).answer.error.code).toBe('lab-busy')
    for (const args of [['switch'], ['mode'], ['state'], ['calls']])
      expect((await hop(...args, '--state', running)).code).toBe(0)
  })
  const { answer } = await answerOf('state', '--state', running)
  expect(answer).toMatchObject({ mode: 'edge-terminate-plaintext', switched: {} })
  expect((await hop('switch', 'policy', 'default', '--state', running)).code).toBe(0)
})

it('a topology with mistakes is refused with the place of each', async () => {
  const file = join(place.home, 'bad.yaml')
  writeFileSync(file, readFileSync('topologies/shop.yaml', 'utf8').replace('to: gateway', 'to: gatway'))
  const { code, err } = await hop('up', '--state', join(place.home, 'unused'), '--topology', file)
  expect(code).toBe(2)
  expect(err).toMatch(/bad\.yaml:\d+/)
  expect(err).toContain('did you mean gateway?')
  const absent = await answerOf('up', '--topology', join(place.home, 'absent.yaml'), '--state', nowhere)
  expect(absent).toMatchObject({ code: 2, answer: { error: { code: 'topology-unreadable' } } })
})

it.each(['--operator-port', '--edge-port'])('a port that is taken is named by %s', async option => {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  try {
    for (const more of [[], ['--no-wire']]) {
      const { code, answer } = await answerOf('up', '--state', place.dir('port'), option, String(port), ...more)
      expect({ code, error: answer.error }).toMatchObject({
        code: 2,
        error: { code: 'port-taken', field: option, found: expect.stringContaining(String(port)) },
      })
    }
  } finally {
    server.close()
  }
})

it('a wrong operator token is refused, a lab of another version is named, and the lab goes on', async () => {
  const copy = join(place.home, 'copy')
  mkdirSync(copy, { mode: 0o700 })
  cpSync(join(running, 'lab.json'), join(copy, 'lab.json'))
  chmodSync(join(copy, 'lab.json'), 0o600)
  const file = readLabFile(running)
  const pretend = (change: object) => writeFileSync(join(copy, 'lab.json'), JSON.stringify({ ...file, ...change }))
  pretend({ access: { ...file?.access, token: 'wrong' } })
  expect(await answerOf('state', '--state', copy)).toMatchObject({
    code: 3,
    answer: { error: { code: 'operator-token' } },
  })
  pretend({ version: '9.9.9' })
  expect(await answerOf('map', '--state', copy)).toMatchObject({
    code: 3,
    answer: { error: { code: 'lab-other-version', found: expect.stringContaining('9.9.9') } },
  })
  pretend({ access: { ...file?.access, operator: 'http://127.0.0.1:9' } })
  expect(await answerOf('state', '--state', copy)).toMatchObject({
    code: 3,
    answer: { error: { code: 'lab-not-running' } },
  })
  expect((await hop('request', '--state', running)).code).toBe(0)
})

it('help is complete and says the exit codes', async () => {
  const { code, out } = await hop('--help')
  expect(code).toBe(0)
  for (const word of [
    'start',
    'up',
    'down',
    'mode',
    'rollback',
    'map',
    'request',
    'run',
    'matrix',
    'capture',
    'calls',
    'audit',
  ])
    expect(out).toMatch(new RegExp(`^  ${word} `, 'm'))
  expect(out).toContain('Exit codes')
  expect((await hop()).code).toBe(2)
  expect((await hop('capture', '--help')).out).toContain('--with-keys')
})
