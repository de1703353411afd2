import { once } from 'node:events'
import { createServer } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import type { Splice } from '../../../services/chassis/desired.ts'
import { closed, createCleanup, dialled, drained, until } from '../wire/support.ts'
import { alpn, extension, helloFor, helloMessage, inRecords, serverName } from './hellos.ts'
import { converse, cutUp, keepingBackend, passthrough, spliceTo } from './passthrough.ts'

const cleanup = createCleanup()
afterEach(cleanup.run)

const alert = (number: number): Buffer => Buffer.from([0x15, 3, 3, 0, 2, 2, number])
const alerts = {
  ...{ unexpected_message: 10, record_overflow: 22, handshake_failure: 40, illegal_parameter: 47 },
  ...{ decode_error: 50, internal_error: 80, missing_extension: 109, unrecognized_name: 112 },
} as const

const longLabel = `${'a'.repeat(64)}.hop.lab`
const longName = `${'a.'.repeat(126)}aa`
const valid = helloFor('shop.hop.lab')
const changed = (at: number, value: number): Buffer => {
  const bytes = Buffer.from(valid)
  bytes[at] = value
  return bytes
}

const cases: [what: string, bytes: Buffer, failure: string, code: keyof typeof alerts | 'closed'][] = [
  ['an unknown name', helloFor('other.hop.lab'), 'server-name-unknown', 'unrecognized_name'],
  ['a name below a known one', helloFor('a.shop.hop.lab'), 'server-name-unknown', 'unrecognized_name'],
  ['__proto__', helloFor('__proto__'), 'server-name-unknown', 'unrecognized_name'],
  ['constructor', helloFor('constructor'), 'server-name-unknown', 'unrecognized_name'],
  ['no name', inRecords(helloMessage(alpn('h2'))), 'server-name-absent', 'missing_extension'],
  ['no extensions at all', inRecords(helloMessage()), 'server-name-absent', 'missing_extension'],
  ['two names', helloFor('shop.hop.lab', 'other.hop.lab'), 'server-name-doubled', 'illegal_parameter'],
  ['one name twice', helloFor('shop.hop.lab', 'shop.hop.lab'), 'server-name-doubled', 'illegal_parameter'],
  [
    'two server_name extensions',
    inRecords(helloMessage(serverName('shop.hop.lab'), serverName('shop.hop.lab'))),
    'server-name-doubled',
    'illegal_parameter',
  ],
  ['NUL behind the name', helloFor('shop.hop.lab\0'), 'server-name-invalid', 'unrecognized_name'],
  ['NUL in the name', helloFor('shop.hop.lab\0.evil.lab'), 'server-name-invalid', 'unrecognized_name'],
  ['a line feed in the name', helloFor('shop\n.hop.lab'), 'server-name-invalid', 'unrecognized_name'],
  ['a trailing dot', helloFor('shop.hop.lab.'), 'server-name-invalid', 'unrecognized_name'],
  ['an IPv4 literal', helloFor('127.0.0.1'), 'server-name-invalid', 'unrecognized_name'],
  ['an IPv6 literal', helloFor('::1'), 'server-name-invalid', 'unrecognized_name'],
  ['an empty label', helloFor('shop..lab'), 'server-name-invalid', 'unrecognized_name'],
  ['a wildcard', helloFor('*.hop.lab'), 'server-name-invalid', 'unrecognized_name'],
  ['a label of 64', helloFor(longLabel), 'server-name-invalid', 'unrecognized_name'],
  ['a name of 254', helloFor(longName), 'server-name-invalid', 'unrecognized_name'],
  ['not ASCII', helloFor('ſhop.hop.lab'), 'server-name-invalid', 'unrecognized_name'],
  [
    'the Kelvin sign for k',
    helloFor(Buffer.from([0x73, 0xe2, 0x84, 0xaa])),
    'server-name-invalid',
    'unrecognized_name',
  ],
  ['an empty name', helloFor(''), 'client-hello-malformed', 'decode_error'],
  ['an empty list of names', helloFor(), 'client-hello-malformed', 'decode_error'],
  ['an extension twice', inRecords(helloMessage(alpn('h2'), alpn('h2'))), 'client-hello-malformed', 'decode_error'],
  ['lengths that do not add up', changed(valid.length - 14, 200), 'client-hello-malformed', 'decode_error'],
  [
    'bytes behind the message in its record',
    inRecords(Buffer.concat([helloMessage(serverName('shop.hop.lab')), Buffer.from([0])])),
    'client-hello-malformed',
    'decode_error',
  ],
  ['an empty record', Buffer.from('1603010000', 'hex'), 'client-hello-malformed', 'decode_error'],
  ['another handshake message', changed(5, 2), 'unexpected-message', 'unexpected_message'],
  [
    'an alert in between',
    Buffer.concat([inRecords(helloMessage(serverName('shop.hop.lab')), 20).subarray(0, 25), alert(0)]),
    'unexpected-message',
    'unexpected_message',
  ],
  ['a record of 16,385 bytes', Buffer.from('1603014001', 'hex'), 'record-too-large', 'record_overflow'],
  [
    'a hello of 16 KB and more',
    inRecords(helloMessage(extension(21, Buffer.alloc(16_400))), 8000),
    'client-hello-too-large',
    'handshake_failure',
  ],
  [
    'a hello that says it is 16 MB',
    Buffer.from('160301000401ffffff', 'hex'),
    'client-hello-too-large',
    'handshake_failure',
  ],
  ['plaintext HTTP', Buffer.from('GET / HTTP/1.1\r\nhost: shop.hop.lab\r\n\r\n'), 'not-tls', 'closed'],
  ['SSLv2', Buffer.from('802e0100020015', 'hex'), 'not-tls', 'closed'],
  ['garbage that begins like a handshake', Buffer.from('16ff00ff00', 'hex'), 'not-tls', 'closed'],
  ['half a hello and the end', valid.subarray(0, 40), 'client-closed', 'closed'],
  ['nothing and the end', Buffer.alloc(0), 'client-closed', 'closed'],
]
test.each(cases)('%s', async (_, bytes, name, code) => {
  const backend = await keepingBackend(cleanup)
  const edge = await passthrough([spliceTo(backend.address)], cleanup)
  const { answer } = await converse(edge.address, cutUp(bytes, 10_000), cleanup)
  expect(edge.seen).toMatchObject([{ failure: { name, code } }])
  expect(answer).toEqual(code === 'closed' ? Buffer.alloc(0) : alert(alerts[code]))
  expect(backend.received).toEqual([])
  expect(edge.seen[0]?.serverName ?? '').toMatch(/^[\x20-\x7e]*$/)
  await until(() => edge.open.size === 0)
})

test('silence is closed at the deadline, half a hello and a drip of bytes too', async () => {
  const backend = await keepingBackend(cleanup)
  const edge = await passthrough([spliceTo(backend.address)], cleanup, { limits: { deadlineMs: 80 } })
  const silent = await dialled(edge.address, cleanup)
  const halfway = await dialled(edge.address, cleanup)
  halfway.socket.write(valid.subarray(0, 30))
  const dripping = await dialled(edge.address, cleanup)
  let next = 0
  const drip = setInterval(() => dripping.socket.write(valid.subarray(next, ++next)), 20)
  cleanup.later(() => clearInterval(drip))
  const sockets = [silent.socket, halfway.socket, dripping.socket]
  for (const socket of sockets) socket.resume().once('end', () => socket.end())
  await Promise.all(sockets.map(closed))
  const failure = { name: 'client-hello-timeout', code: 'closed' }
  expect(edge.seen).toMatchObject([{ failure }, { failure }, { failure }])
  await until(() => edge.open.size === 0)
})

test('a refused client that will not close is closed on', async () => {
  const edge = await passthrough([], cleanup)
  const { socket } = await dialled(edge.address, cleanup)
  socket.write(valid)
  expect(await drained(socket)).toEqual(alert(112))
  // The client keeps its side open; the edge does not wait for it for ever.
  await until(() => edge.open.size === 0)
})

test('a reset in the middle of the hello is told apart from a close', async () => {
  const edge = await passthrough([], cleanup)
  const { socket } = await dialled(edge.address, cleanup)
  socket.write(valid.subarray(0, 30))
  await until(() => edge.open.size === 1 && [...edge.open][0]!.bytesRead === 30)
  socket.resetAndDestroy()
  await until(() => edge.seen.length === 1)
  expect(edge.seen).toMatchObject([{ failure: { name: 'client-reset', code: 'ECONNRESET' } }])
})

test('a callee that is not there: internal_error, and the errno on record', async () => {
  const gone = createServer().listen(0, '127.0.0.1')
  await once(gone, 'listening')
  const { port } = gone.address() as { port: number }
  await new Promise(resolve => gone.close(resolve))
  const edge = await passthrough([spliceTo({ host: '127.0.0.1', port })], cleanup)
  const { answer } = await converse(edge.address, [valid], cleanup)
  expect(answer).toEqual(alert(80))
  expect(edge.seen).toMatchObject([{ failure: { name: 'callee-unreachable', code: 'ECONNREFUSED' } }])
})

test('a table with odd names matches exactly, or not at all', async () => {
  const backend = await keepingBackend(cleanup)
  const splices: Splice[] = [spliceTo(backend.address, '*.hop.lab'), spliceTo(backend.address, '')]
  const edge = await passthrough(splices, cleanup)
  await converse(edge.address, [valid], cleanup)
  expect(edge.seen).toMatchObject([{ failure: { name: 'server-name-unknown' } }])
})
