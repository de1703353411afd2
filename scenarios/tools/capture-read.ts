import type { Recorded } from '../tap-client.ts'

/** What is in a capture file: each TCP connection's bytes by direction, in order, and the session secrets that came with it. */
export type CaptureRead = { packets: number; connections: Recorded[]; keyLog: string[] }

const sectionHeader = 0x0a0d0d0a
const byteOrderMagic = 0x1a2b3c4d
const enhancedPacket = 6
const decryptionSecrets = 10
const flagSyn = 0x02
const flagAck = 0x10

/**
 * Reads pcapng as anybody's tool would (draft-ietf-opsawg-pcapng; little-endian, packets that begin with their IP header), and
 * puts the streams together. Throws where a block, a packet or a gap does not add up.
 */
export const readCapture = (file: Buffer): CaptureRead => {
  const blocks = blocksOf(file)
  if (blocks[0]?.type !== sectionHeader || blocks[0].body.readUInt32LE(0) !== byteOrderMagic)
    throw new Error('no pcapng: it begins with no section header')
  const packets = blocks.filter(({ type }) => type === enhancedPacket).map(({ body }) => packetIn(body))
  const keyLog = blocks
    .filter(({ type }) => type === decryptionSecrets)
    .flatMap(({ body }) =>
      body
        .subarray(8, 8 + body.readUInt32LE(4))
        .toString('latin1')
        .split('\n')
        .filter(line => line !== ''),
    )
  return { packets: packets.length, connections: streamsOf(packets), keyLog }
}

type Block = { type: number; body: Buffer }

const blocksOf = (file: Buffer): Block[] => {
  const blocks: Block[] = []
  for (let at = 0; at < file.length; ) {
    const length = at + 12 <= file.length ? file.readUInt32LE(at + 4) : 0
    if (length < 12 || length % 4 !== 0 || at + length > file.length || file.readUInt32LE(at + length - 4) !== length)
      throw new Error(`a block at ${at} does not add up`)
    blocks.push({ type: file.readUInt32LE(at), body: file.subarray(at + 8, at + length - 4) })
    at += length
  }
  return blocks
}

type Packet = { from: string; to: string; seq: number; flags: number; payload: Buffer }

const packetIn = (body: Buffer): Packet => {
  const bytes = body.subarray(20, 20 + body.readUInt32LE(12))
  const six = bytes[0]! >> 4 === 6
  const header = six ? 40 : (bytes[0]! & 0x0f) * 4
  const [source, destination] = six
    ? [bytes.subarray(8, 24), bytes.subarray(24, 40)]
    : [bytes.subarray(12, 16), bytes.subarray(16, 20)]
  const tcp = bytes.subarray(header)
  const end = (host: Buffer, port: number) => `${host.toString('hex')}:${port}`
  return {
    from: end(source, tcp.readUInt16BE(0)),
    to: end(destination, tcp.readUInt16BE(2)),
    seq: tcp.readUInt32BE(4),
    flags: tcp[13]!,
    payload: tcp.subarray((tcp[12]! >> 4) * 4),
  }
}

/** The caller is who sent the first SYN; ports may be used again, so a new SYN is a new connection. */
const streamsOf = (packets: readonly Packet[]): Recorded[] => {
  const open = new Map<string, { caller: string; stream: Recorded; next: Record<string, number> }>()
  const streams: Recorded[] = []
  for (const { from, to, seq, flags, payload } of packets) {
    const key = [from, to].sort().join(' ')
    const opens = (flags & (flagSyn | flagAck)) === flagSyn
    let known = open.get(key)
    if (!known || opens) {
      const stream: Recorded = {
        id: streams.length + 1,
        bytes: { 'to-callee': Buffer.alloc(0), 'to-caller': Buffer.alloc(0) },
      }
      known = { caller: from, stream, next: {} }
      open.set(key, known)
      streams.push(stream)
    }
    const due = known.next[from]
    if (due !== undefined && due !== seq)
      throw new Error(`a gap in the stream from ${from}: ${due} is due, ${seq} came`)
    known.next[from] = (seq + payload.length + (flags & flagSyn ? 1 : 0) + (flags & 0x01 ? 1 : 0)) >>> 0
    const direction = from === known.caller ? 'to-callee' : 'to-caller'
    known.stream.bytes[direction] = Buffer.concat([known.stream.bytes[direction], payload])
  }
  return streams
}
