import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { judgeSmuggling } from '../../../scenarios/edge/request-smuggling.ts'
import type { Door } from '../../../scenarios/flows/door.ts'
import { fooledByShapes, sendPair, type Tried, trySmuggling } from '../../../scenarios/flows/smuggling.ts'
import { downgradeShapes } from '../../../scenarios/tools/downgrade-shapes.ts'
import { type H2Header, h2Request, readH2 } from '../../../scenarios/tools/h2-frames.ts'
import { smugglingShapes } from '../../../scenarios/tools/smuggling-shapes.ts'
import type { RequestRecord } from '../../../services/chassis/observation.ts'
import { type Hop, startHop } from '../chassis/hop.ts'
import { type Recorder, startRecorder } from '../chassis/recorder.ts'

const record = (path: string, more: Partial<RequestRecord> = {}) =>
  ({ path, connection: 'c', ...more }) as unknown as RequestRecord

const proper = [record('/charges', { rule: 'x' }), record('/charges', { rule: 'x' }), record('/proper')]
const refused: Tried = { shape: 'CL.TE', outcome: 'refused', told: '400 closed' }
const run = {
  ...{ reader: 'payments', tried: [refused], pair: { statuses: [201, 201, 403], told: '' } },
  ...{ smuggled: '/smuggled', proper: '/proper', records: { payments: { requests: proper } } },
  fooled: ['CL.TE'],
}

test('refused everywhere and found nowhere holds', () => {
  expect(judgeSmuggling(run)).toMatchObject({ verdict: 'holds', control: { passed: true } })
  const disarmed = { ...refused, outcome: 'disarmed' as const }
  expect(judgeSmuggling({ ...run, tried: [refused, disarmed] }).because).toMatch(
    /refused 1 shapes and dropped .* 1 dang/,
  )
})

test('a smuggled request in the records of anybody is broken, whatever its sender was told', () => {
  const records = { ...run.records, inventory: { requests: [record('/smuggled', { denied: 'no rule' })] } }
  expect(judgeSmuggling({ ...run, records })).toMatchObject({ verdict: 'broken', control: { passed: true } })
})

test.each(['accepted', 'left open'] as const)('a shape that was %s is broken', outcome => {
  const tried = [refused, { ...refused, outcome }]
  expect(judgeSmuggling({ ...run, tried })).toMatchObject({ verdict: 'broken', control: { passed: true } })
})

test.each([
  ['nothing was sent', { tried: [] }],
  ['one shape found no connection', { tried: [refused, { ...refused, outcome: 'unsent' as const }] }],
  ['no shape fools a lenient server either', { fooled: [] }],
  ['proper requests were refused too', { pair: { statuses: [400], told: '' } }],
  ['the last proper request is in no record', { records: { payments: { requests: proper.slice(0, 2) } } }],
  ['the proper requests were not served on one connection', { records: { payments: { requests: proper.slice(1) } } }],
])('%s: nothing was shown', (_, change) => {
  expect(judgeSmuggling({ ...run, ...change }).control.passed).toBe(false)
})

const doorTo = (port: number): Door => ({
  ...{ reader: 'callee', host: 'x.test', dial: { address: { host: '127.0.0.1', port }, patienceMs: 300 } },
  honest: () => ({ method: 'POST', target: '/a', lines: ['Host: x.test'], body: '{}' }),
})

let naive: Recorder
let hop: Hop
beforeAll(async () => {
  naive = await startRecorder()
  hop = await startHop({ backend: naive.port })
})
afterAll(async () => {
  await hop.close()
  await naive.close()
})
beforeEach(() => naive.clear())

const paths = () => naive.requests.map(({ line }) => line.split(' ')[1]!)

test('a server that reads what it can is fooled by the shapes, and the verdict says so', async () => {
  const tried = await trySmuggling(doorTo(naive.port), '/smuggled', false)
  expect(paths()).toContain('/smuggled')
  const accepted = tried.filter(({ outcome }) => outcome !== 'refused').map(({ shape }) => shape)
  expect(accepted).toEqual(expect.arrayContaining(['CL.TE', 'two lengths', 'TE behind a bare LF']))
  const records = { callee: { requests: paths().map(path => record(path)) } }
  expect(judgeSmuggling({ ...run, tried, records }).verdict).toBe('broken')
})

test('Node’s own reader without its strictness is fooled by some of the shapes', async () => {
  const fooled = await fooledByShapes(doorTo(naive.port), '/smuggled')
  expect(fooled).toEqual(expect.arrayContaining(['CL.TE', 'TE behind a bare LF', 'TE in HTTP/1.0']))
  expect(fooled.length).toBeLessThan(smugglingShapes.length)
})

test('our own reader in front of the same server lets proper pairs through and no shape', async () => {
  const tried = await trySmuggling(doorTo(hop.port), '/smuggled', false)
  expect(tried.filter(({ outcome }) => outcome !== 'refused')).toEqual([])
  expect(paths()).not.toContain('/smuggled')
  expect((await sendPair(doorTo(hop.port), '/proper')).statuses).toEqual([200, 200, 200])
  expect(paths()).toEqual(['/a', '/a', '/proper'])
})

test('the tables have the classes that matter, each once', () => {
  expect(smugglingShapes.length + downgradeShapes.length).toBeGreaterThanOrEqual(20)
  const names = [...smugglingShapes, ...downgradeShapes].map(({ name }) => name)
  expect(new Set(names).size).toBe(names.length)
  expect(names).toEqual(
    expect.arrayContaining(['CL.TE', 'TE.CL', 'TE.TE, the second unknown', 'h2: transfer-encoding']),
  )
})

test('frames are written and read as RFC 9113 and RFC 7541 say', () => {
  const headers: H2Header[] = [
    [':method', 'GET'],
    ['x-long', 'y'.repeat(300)],
  ]
  const bytes = h2Request(headers, 'body')
  expect(bytes.subarray(0, 24).toString()).toBe('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
  expect(bytes.toString('latin1')).toContain('\x00\x07:method\x03GET\x00\x06x-long\x7f\xad\x01yyy')
  const frame = (type: number, hex: string) =>
    `00${(hex.length / 2).toString(16).padStart(4, '0')}0${type}0400000001${hex}`
  const read = (hex: string) => readH2(Buffer.from(hex, 'hex').toString('latin1'))
  expect(read(frame(1, '8c'))).toEqual({ status: 400 })
  expect(read(frame(1, '4803323031'))).toEqual({ status: 201 })
  expect(read(frame(1, '48826402'))).toEqual({ status: 302 })
  expect(read(frame(3, '00000001'))).toEqual({ reset: 1 })
  expect(read(frame(7, '0000000000000002'))).toEqual({ goaway: 2 })
  expect(read(frame(4, ''))).toBeUndefined()
})
