import { once } from 'node:events'
import type { connect } from 'node:net'
import { Duplex } from 'node:stream'
import { connect as tlsConnect } from 'node:tls'
import { afterEach, describe, expect, test } from 'vitest'
import { type Transport, transports } from '../../../services/chassis/transport.ts'
import { bodyOf, createCleanup, createMesh, dial, dialRaw, idOf, serve, untilClosed } from './mesh.ts'

const mesh = createMesh()
const orders = mesh.credentials('orders')
const gateway = mesh.credentials('gateway')
const cleanup = createCleanup()
afterEach(cleanup.run)

const sets: Transport[][] = [
  [],
  ['plaintext'],
  ['tls'],
  ['mtls'],
  ['plaintext', 'tls'],
  ['plaintext', 'mtls'],
  ['tls', 'mtls'],
  ['plaintext', 'tls', 'mtls'],
]

const peers = {
  plaintext: { kind: 'anonymous', because: 'plaintext' },
  tls: { kind: 'anonymous', because: 'no-certificate' },
  mtls: { kind: 'authenticated', id: idOf('gateway') },
}

/** What a caller over `transport` gets of a callee that accepts `set`, and what the callee writes down. */
const expected = (transport: Transport, set: Transport[]) => {
  const asks = set.includes('mtls')
  // who is not asked for a certificate shows none
  if (transport === 'mtls' && !asks && set.includes('tls')) return { accepted: 'tls' as const }
  if (set.includes(transport)) return { accepted: transport }
  if (transport === 'plaintext') return { status: 426, failure: 'plaintext-to-tls' }
  if (!asks && !set.includes('tls')) return { failure: 'tls-to-plaintext' }
  return { failure: transport === 'tls' ? 'no-client-certificate' : 'transport-not-accepted' }
}

describe('a listener switched live through every set', () => {
  test('serves what it accepts and refuses the rest with the reason on record, on one port', async () => {
    const callee = cleanup.add(await serve(orders, []))
    for (const set of [...sets, ...sets.toReversed()]) {
      callee.listener.setAccepts(set)
      for (const transport of transports) {
        const before = callee.telemetry.observations(0, []).cursor
        const caller = dial(gateway, callee.address, transport)
        const asked = await caller.ask()
        await caller.close()
        const want = expected(transport, set)
        const record = callee.telemetry.observations(before, []).connections
        const at = `${transport} where [${set}] is accepted`
        if (want.accepted) {
          expect(asked, at).toMatchObject({
            status: 200,
            body: { transport: want.accepted, peer: peers[want.accepted] },
          })
          expect(record, at).toMatchObject([{ side: 'server', transport: want.accepted }])
        } else {
          expect(asked, at).toMatchObject(want.status ? { status: want.status } : { failure: 'connection-closed' })
          expect(
            record.map(({ failure }) => failure?.name),
            at,
          ).toEqual([want.failure])
        }
      }
    }
  })

  test('records what TLS turned out to be', async () => {
    const callee = cleanup.add(await serve(orders, ['mtls']))
    const caller = cleanup.add(dial(gateway, callee.address, 'mtls'))
    await caller.ask()
    const common = { protocol: 'TLSv1.3', cipher: expect.stringMatching(/^TLS_/), resumed: false, alpn: 'http/1.1' }
    const own = { localKey: orders.held()[0]?.key, peerKey: gateway.held()[0]?.key }
    expect(callee.records()).toMatchObject([{ ...common, ...own, side: 'server', handshakeMs: expect.any(Number) }])
    expect(caller.records()).toMatchObject([
      { ...common, side: 'client', localKey: own.peerKey, peerKey: own.localKey, keyExchange: expect.any(String) },
    ])
    expect(caller.records()[0]?.peer).toMatchObject({ kind: 'authenticated', id: idOf('orders') })
  })
})

describe('however the first bytes come', () => {
  test('plaintext byte by byte', async () => {
    const callee = cleanup.add(await serve(orders, ['plaintext', 'mtls']))
    const socket = await dialRaw(callee.address)
    const text = untilClosed(socket)
    for (const byte of Buffer.from('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')) {
      socket.write(Buffer.of(byte))
      await new Promise(setImmediate)
    }
    expect(bodyOf(await text)).toMatchObject({ transport: 'plaintext' })
  })

  test.each([
    ['byte by byte', (chunk: Buffer) => [...chunk].map(byte => Buffer.of(byte))],
    ['in fragments of seven bytes', (chunk: Buffer) => cut(chunk, 7)],
    ['with its ClientHello over two records', overTwoRecords],
    [
      'with its ClientHello over two records, byte by byte',
      (chunk: Buffer) => overTwoRecords(chunk).flatMap(part => [...part].map(byte => Buffer.of(byte))),
    ],
  ])('TLS %s', async (_, split) => {
    const callee = cleanup.add(await serve(orders, ['plaintext', 'mtls']))
    const raw = await dialRaw(callee.address)
    const pair = mesh.mint('gateway')
    const socket = tlsConnect({
      socket: inPieces(raw, split),
      ...{ key: pair.key, cert: pair.chain, ca: mesh.authority.trustBundle(), checkServerIdentity: () => undefined },
    })
    socket.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
    let text = ''
    for await (const chunk of socket) text += chunk
    expect(bodyOf(text)).toMatchObject({ transport: 'mtls', peer: { id: idOf('gateway') } })
  })

  test('a client that leaves before its first byte leaves nothing behind', async () => {
    const callee = cleanup.add(await serve(orders, ['plaintext', 'mtls']))
    for (let i = 0; i < 20; i++) {
      const socket = await dialRaw(callee.address)
      if (i % 2) socket.end()
      else socket.resetAndDestroy()
      if (!socket.closed) await once(socket, 'close')
    }
    const caller = cleanup.add(dial(gateway, callee.address, 'mtls'))
    expect(await caller.ask()).toMatchObject({ status: 200 })
    expect(callee.listener.connections.all()).toHaveLength(1)
  })
})

function cut(bytes: Buffer, size: number): Buffer[] {
  const parts: Buffer[] = []
  for (let at = 0; at < bytes.length; at += size) parts.push(bytes.subarray(at, at + size))
  return parts
}

/** The first record of a flight becomes two (RFC 8446 §5.1 allows a handshake message to span records). */
function overTwoRecords(chunk: Buffer): Buffer[] {
  if (chunk[0] !== 0x16 || chunk[5] !== 1) return [chunk]
  const length = chunk.readUInt16BE(3)
  const record = (body: Buffer) =>
    Buffer.concat([chunk.subarray(0, 3), Buffer.of(body.length >> 8, body.length & 255), body])
  const body = chunk.subarray(5, 5 + length)
  return [record(body.subarray(0, 100)), record(body.subarray(100)), chunk.subarray(5 + length)].filter(
    part => part.length,
  )
}

/** A stream over `raw` that writes every chunk in the pieces `split` makes of it, each in a segment of its own. */
function inPieces(raw: ReturnType<typeof connect>, split: (chunk: Buffer) => Buffer[]): Duplex {
  const stream = new Duplex({
    read() {},
    async write(chunk, _encoding, done) {
      for (const piece of split(chunk)) {
        raw.write(piece)
        await new Promise(setImmediate)
      }
      done()
    },
  })
  raw.on('data', chunk => stream.push(chunk))
  raw.on('end', () => stream.push(null))
  return stream
}
