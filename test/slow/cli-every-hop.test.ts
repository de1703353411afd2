import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { answerOf, createHome, hop, start } from '../support/cli.ts'

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

const order = async (...words: string[]) => (await answerOf(...at('request', ...words))).answer

it('explain tells a request by the id that its answer had, and an experiment by its name as before', async () => {
  const { requestId, answer } = await order()
  expect(answer.headers['x-request-id']).toBe(requestId)
  const told = await answerOf(...at('explain', requestId))
  expect(told).toMatchObject({ code: 0, answer: { requestId, status: 201 } })
  expect(told.answer.hops).toHaveLength(6)
  expect((await answerOf(...at('explain', told.answer.traceId))).answer.requestId).toBe(requestId)
  const { out } = await hop(...at('explain', requestId))
  expect(out).toContain('orders → payments')
  expect((await answerOf(...at('explain', 'trace-has-a-span-per-hop'))).answer.scenario).toBe(
    'trace-has-a-span-per-hop',
  )
})

it.each([
  ['0123456789abcdef01234567', 'request-unknown'],
  ['evesdrop', 'scenario-unknown'],
])('explain %s is refused as %s', async (word, code) => {
  expect(await answerOf(...at('explain', word))).toMatchObject({ code: 2, answer: { error: { code } } })
})

it('trace draws it, and its attributes when asked', async () => {
  const { requestId } = await order()
  expect((await answerOf(...at('trace', requestId))).answer).toMatchObject({ requestId, flaws: [] })
  const { code, out } = await hop(...at('trace', requestId, '--attributes'))
  expect(code).toBe(0)
  expect(out).toContain('✓ well formed')
  expect(out).toMatch(/tls\.protocol\.version\s+1\.3/)
  expect(await answerOf(...at('trace', 'a b'))).toMatchObject({ code: 2 })
})

it('edges shows what was seen as it is meant, and fails on a stranger', async () => {
  await order()
  const { code, answer } = await answerOf(...at('edges'))
  expect(code).toBe(0)
  expect(answer.edges.filter(({ observed }: { observed?: object }) => observed)).toHaveLength(6)
  const { answer: told } = await answerOf(...at('state'))
  const { host, port } = told.workloads.find(({ name }: { name: string }) => name === 'payments').address
  await fetch(`http://${host}:${port}/charges`).catch(() => {})
  const { code: failing, out } = await hop(...at('edges'))
  expect(failing).toBe(1)
  expect(out).toMatch(/is nobody of this topology, and was turned away/)
})

it('watch says a line for each edge that is used, and ends by itself or by Ctrl-C', async () => {
  const watching = start(at('watch', '--for', '3s'))
  await watching.until('edge → gateway')
  await order()
  const { code, out } = await watching.ended
  expect(code).toBe(0)
  expect(out).toMatch(/orders → payments {2}mtls {2}as orders {2}\+\d+ requests?/)
  const interrupted = start(at('watch'))
  await interrupted.until('edge → gateway')
  interrupted.child.kill('SIGINT')
  expect(await interrupted.ended).toMatchObject({ code: 0 })
  expect(await answerOf(...at('watch', '--for', 'ever'))).toMatchObject({
    code: 2,
    answer: { error: { field: '--for' } },
  })
})

it('a collector that is no URL is refused before a lab starts', async () => {
  const env = { ...process.env, OTEL_EXPORTER_OTLP_ENDPOINT: 'nonsense' }
  const { code, err } = await start(['up', '--state', join(place.dir('other'))], { env }).ended
  expect(code).toBe(2)
  expect(err).toContain('OTEL_EXPORTER_OTLP_ENDPOINT')
})

it('a thousand requests later the first is still explained', async () => {
  const { requestId } = await order()
  const { answer } = await answerOf(...at('state'))
  expect(answer.mode).toBe('mtls')
  const first = await answerOf(...at('explain', requestId))
  const { loadOnce } = await import('../support/thousand.ts')
  expect(await loadOnce(state, 1_000)).toBe(1_000)
  const later = await answerOf(...at('explain', requestId))
  expect(later.answer.hops).toEqual(first.answer.hops)
})
