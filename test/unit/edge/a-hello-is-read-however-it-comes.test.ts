import { afterEach, expect, test } from 'vitest'
import { createCleanup, tcpServer, until } from '../wire/support.ts'
import { alpn, extension, helloMessage, inRecords, nodeHello, serverName } from './hellos.ts'
import { converse, cutUp, keepingBackend, passthrough, spliceTo } from './passthrough.ts'

const cleanup = createCleanup()
afterEach(cleanup.run)

const start = async () => {
  const backend = await keepingBackend(cleanup)
  const edge = await passthrough([spliceTo(backend.address)], cleanup)
  const arrives = async (bytes: Buffer, pieces: Iterable<Buffer>) => {
    const { answer } = await converse(edge.address, pieces, cleanup)
    expect(edge.seen[0]).toMatchObject({ serverName: 'shop.hop.lab', splice: { link: 'client:orders' } })
    expect(edge.seen[0]?.failure).toBeUndefined()
    expect(String(answer)).toBe('backend')
    expect(backend.received).toEqual([bytes])
    await until(() => edge.open.size === 0 && backend.open.size === 0)
    expect(edge.ends).toMatchObject([{ bytesIn: bytes.length, bytesOut: 7 }])
    return edge.seen[0]!
  }
  return { arrives }
}
const message = helloMessage(serverName('shop.hop.lab'), alpn('h2', 'http/1.1'))

test('in one piece', async () => {
  const { arrives } = await start()
  const hello = inRecords(message)
  expect((await arrives(hello, [hello])).alpn).toEqual(['h2', 'http/1.1'])
})

test('one byte per segment', async () => {
  const { arrives } = await start()
  const hello = inRecords(message)
  await arrives(hello, cutUp(hello, 1))
})

test.each([
  ['two records', Math.ceil(message.length / 2)],
  ['three records', Math.ceil(message.length / 3)],
  ['a record per byte', 1],
])('over %s, in one segment and one byte per segment', async (_, size) => {
  const hello = inRecords(message, size)
  await (await start()).arrives(hello, [hello])
  await (await start()).arrives(hello, cutUp(hello, 1))
})

test("Node's own hello of more than 1500 bytes, with X25519MLKEM768, whole and over three records", async () => {
  const hello = await nodeHello('shop.hop.lab', cleanup)
  expect(hello.length).toBeGreaterThan(1500)
  // Key share of 1216 bytes for group 0x11ec.
  expect(hello.includes(Buffer.from('11ec04c0', 'hex'))).toBe(true)
  expect((await (await start()).arrives(hello, cutUp(hello, 500))).alpn).toEqual(['h2', 'http/1.1'])
  const cut = inRecords(hello.subarray(5), 600)
  await (await start()).arrives(cut, [cut])
})

test('a hello of nearly 16 KB, and the bytes behind it in the same segment', async () => {
  const large = inRecords(helloMessage(extension(21, Buffer.alloc(15_000)), serverName('shop.hop.lab')))
  const bytes = Buffer.concat([large, Buffer.from('17030300050102030405', 'hex'), Buffer.alloc(40_000, 9)])
  await (await start()).arrives(bytes, [bytes])
})

test('whatever the case of the name', async () => {
  const { arrives } = await start()
  const hello = inRecords(helloMessage(serverName('shop.hop.lab')))
  await arrives(hello, [hello])
  const backend = await keepingBackend(cleanup)
  const edge = await passthrough([spliceTo(backend.address, 'Shop.Hop.LAB')], cleanup)
  await converse(edge.address, [inRecords(helloMessage(serverName('sHOP.hop.lab')))], cleanup)
  expect(edge.seen).toMatchObject([{ serverName: 'sHOP.hop.lab', splice: { serverName: 'Shop.Hop.LAB' } }])
})

test('a preface goes in front of the first byte of the client', async () => {
  const backend = await keepingBackend(cleanup)
  const preface = () => Buffer.from('who: client\n')
  const edge = await passthrough([spliceTo(backend.address)], cleanup, { preface })
  const hello = inRecords(message)
  await converse(edge.address, [hello], cleanup)
  expect(backend.received).toEqual([Buffer.concat([preface(), hello])])
})

test('a peer that never reads stops the sender, and destroying the client ends both sides', async () => {
  const address = await tcpServer(cleanup, socket => socket.pause())
  const edge = await passthrough([spliceTo(address)], cleanup)
  const flood = converse(edge.address, [inRecords(message), Buffer.alloc(64 * 1024 * 1024)], cleanup)
  await until(() => edge.seen.length === 1)
  let still = 0
  for (let last = -1; still < 40; ) {
    await new Promise(resolve => setTimeout(resolve, 5))
    const [socket] = edge.open
    still = socket!.bytesRead === last ? still + 1 : 0
    last = socket!.bytesRead
  }
  const [socket] = edge.open
  expect(socket!.bytesRead).toBeLessThan(32 * 1024 * 1024)
  socket!.destroy()
  await flood
  await until(() => edge.ends.length === 1 && edge.open.size === 0)
})
