import { expect, test } from 'vitest'
import { type Captured, judgeCapture } from '../../../scenarios/observing/packet-captures.ts'
import { readCapture } from '../../../scenarios/tools/capture-read.ts'
import { visibleIn } from '../../../scenarios/tools/visible.ts'
import { packetsOf } from '../../../services/wire/packets.ts'
import { writePcapng } from '../../../services/wire/pcapng.ts'
import type { RecordedConnection } from '../../../services/wire/recording.ts'

const request = 'POST /charges HTTP/1.1\r\nhost: payments\r\ncontent-length: 2\r\n\r\n{}'
const answer = 'HTTP/1.1 201 Created\r\ncontent-length: 0\r\n\r\n'

const recorded = (id: number, port: number, toCallee: string, toCaller: string): RecordedConnection => {
  const data = (direction: 'to-callee' | 'to-caller', bytes: string, at: number) => ({
    ...{ at, direction, kind: 'data' as const, bytes: Buffer.from(bytes, 'latin1') },
  })
  return {
    ...{ id, openedAt: 1, caller: { host: '127.0.0.1', port }, callee: { host: '127.0.0.1', port: 443 } },
    events: [data('to-callee', toCallee, 2), data('to-caller', toCaller, 3)],
    forgotten: { 'to-callee': 0, 'to-caller': 0 },
  }
}

const capture = (connections: RecordedConnection[], secrets: string[] = []) =>
  readCapture(writePcapng(packetsOf(connections), secrets))

const readable = capture([recorded(1, 5000, request, answer)])
const sealed = capture([recorded(1, 5000, '\x16\x03\x01\x00\x02ab', '\x17\x03\x03\x00\x02cd')])
const keyed = capture([recorded(1, 5000, request, answer)], ['CLIENT_RANDOM aa bb'])

const judge = (how: Partial<Captured>) =>
  judgeCapture('orders:payments', { plain: readable, keyed: readable, bytes: 1, ...how })

test('what is written is read back: each stream whole and in order, with its secrets', () => {
  const both = capture(
    [recorded(1, 5000, request, answer), recorded(2, 5001, 'a', 'b')],
    ['CLIENT_RANDOM aa bb', 'x y z'],
  )
  expect(both.connections.map(({ bytes }) => [String(bytes['to-callee']), String(bytes['to-caller'])])).toEqual([
    [request, answer],
    ['a', 'b'],
  ])
  expect(both.keyLog).toEqual(['CLIENT_RANDOM aa bb', 'x y z'])
})

test('a file that does not add up is refused', () => {
  const file = writePcapng(packetsOf([recorded(1, 5000, request, answer)]))
  expect(() => readCapture(Buffer.from('not a capture'))).toThrow()
  expect(() => readCapture(file.subarray(0, file.length - 4))).toThrow(/does not add up/)
})

test('of a plaintext capture request lines and statuses are visible, of a sealed one a count and a size', () => {
  expect(visibleIn(readable.connections)).toMatchObject({ requests: ['POST /charges'], statuses: [201], tls: 0 })
  expect(visibleIn(sealed.connections)).toMatchObject({ requests: [], statuses: [], tls: 1, connections: 1, bytes: 14 })
})

test('a capture that shows its requests holds, one that does not is broken', () => {
  expect(judge({})).toMatchObject({ verdict: 'holds', control: { passed: true } })
  expect(judge({ plain: sealed, keyed })).toMatchObject({ verdict: 'broken', control: { passed: true } })
})

test('a capture that nothing opens shows nothing, and one that brings its secrets unasked neither', () => {
  expect(judge({ plain: sealed, keyed: { ...sealed, keyLog: ['x'] } }).control.passed).toBe(false)
  expect(judge({ plain: sealed, keyed: readable }).control.passed).toBe(false)
  expect(judge({ plain: keyed }).control.passed).toBe(false)
  const empty = capture([])
  expect(judge({ plain: empty, keyed: empty }).control.passed).toBe(false)
})
