import { asIpv6, ipBytes } from '../chassis/ip-bytes.ts'
import { parseProxyHeader } from '../chassis/proxy-protocol.ts'
import type { Direction } from '../chassis/relay.ts'
import type { Address } from '../chassis/transport.ts'
import type { CapturedPacket } from './pcapng.ts'
import type { RecordedConnection } from './recording.ts'

const flag = { fin: 0x01, syn: 0x02, rst: 0x04, psh: 0x08, ack: 0x10 }
/** Payload per packet. Loopback's own segments are larger, a capture file's need not be. */
const segmentSize = 16_384
const none = Buffer.alloc(0)
const opposite: Record<Direction, Direction> = { 'to-callee': 'to-caller', 'to-caller': 'to-callee' }

/**
 * The packets a sniffer between the two would have seen: the tap sees streams, so handshake, sequence numbers and
 * checksums are put together here. A recording that begins mid-stream has no handshake, like a sniffer that came late.
 */
export const packetsOf = (connections: RecordedConnection[]): CapturedPacket[] =>
  connections.flatMap(connectionPackets).sort((one, other) => one.at - other.at)

const connectionPackets = (connection: RecordedConnection): CapturedPacket[] => {
  const packets: CapturedPacket[] = []
  const ends = { 'to-callee': connection.caller, 'to-caller': connection.callee }
  const next: Record<Direction, number> = { 'to-callee': 0, 'to-caller': 0 }
  const finished: Record<Direction, boolean> = { 'to-callee': false, 'to-caller': false }
  const send = (at: number, direction: Direction, flags: number, payload: Buffer = none): void => {
    const sequence = { seq: next[direction], ack: flags & flag.ack ? next[opposite[direction]] : 0 }
    packets.push({ at, bytes: packet(ends[direction], ends[opposite[direction]], sequence, flags, payload) })
    next[direction] += payload.length + (flags & (flag.syn | flag.fin) ? 1 : 0)
  }
  const { forgotten, openedAt } = connection
  if (forgotten['to-callee'] + forgotten['to-caller'] === 0) {
    send(openedAt, 'to-callee', flag.syn)
    send(openedAt, 'to-caller', flag.syn | flag.ack)
    send(openedAt, 'to-callee', flag.ack)
  } else {
    next['to-callee'] = forgotten['to-callee'] + 1
    next['to-caller'] = forgotten['to-caller'] + 1
  }
  for (const { at, direction, kind, bytes } of connection.events) {
    if (kind === 'rst') {
      send(at, direction, flag.rst | flag.ack)
      break
    }
    for (const payload of segments(bytes)) send(at, direction, flag.psh | flag.ack, payload)
    if (kind !== 'fin') continue
    send(at, direction, flag.fin | flag.ack)
    finished[direction] = true
    if (finished[opposite[direction]]) send(at, opposite[direction], flag.ack)
  }
  return packets
}

/** A PROXY header gets a packet of its own, as most proxies send it: Wireshark 4.0 looks at nothing behind it. */
const segments = (bytes: Buffer): Buffer[] => {
  const cut = bytes[0] === 0x0d ? proxyHeaderLength(bytes) : 0
  const rest = bytes.subarray(cut)
  const count = Math.ceil(rest.length / segmentSize)
  const whole = Array.from({ length: count }, (_, i) => rest.subarray(i * segmentSize, (i + 1) * segmentSize))
  return cut > 0 ? [bytes.subarray(0, cut), ...whole] : whole
}

const proxyHeaderLength = (bytes: Buffer): number => {
  try {
    return parseProxyHeader(bytes)?.length ?? 0
  } catch {
    return 0
  }
}

type Sequence = { seq: number; ack: number }

const packet = (from: Address, to: Address, sequence: Sequence, flags: number, payload: Buffer): Buffer => {
  const plain = [ipBytes(from.host), ipBytes(to.host)]
  const [source, destination] = plain.some(bytes => bytes.length === 16) ? plain.map(asIpv6) : plain
  const tcp = Buffer.alloc(20 + payload.length)
  tcp.writeUInt16BE(from.port, 0)
  tcp.writeUInt16BE(to.port, 2)
  tcp.writeUInt32BE(sequence.seq >>> 0, 4)
  tcp.writeUInt32BE(sequence.ack >>> 0, 8)
  tcp[12] = 5 << 4
  tcp[13] = flags
  tcp.writeUInt16BE(0xffff, 14)
  payload.copy(tcp, 20)
  const pseudoHeader = Buffer.from([0, 6, tcp.length >> 8, tcp.length & 0xff])
  tcp.writeUInt16BE(checksum(Buffer.concat([source!, destination!, pseudoHeader, tcp])), 16)
  return Buffer.concat([ipHeader(source!, destination!, tcp.length), tcp])
}

const ipHeader = (source: Buffer, destination: Buffer, length: number): Buffer => {
  if (source.length === 16) {
    const header = Buffer.from([0x60, 0, 0, 0, length >> 8, length & 0xff, 6, 64])
    return Buffer.concat([header, source, destination])
  }
  const total = length + 20
  const header = Buffer.concat([
    Buffer.from([0x45, 0, total >> 8, total & 0xff, 0, 0, 0x40, 0, 64, 6, 0, 0]),
    ...[source, destination],
  ])
  header.writeUInt16BE(checksum(header), 10)
  return header
}

/** The internet checksum, RFC 1071. */
const checksum = (bytes: Buffer): number => {
  let sum = 0
  for (let at = 0; at < bytes.length; at += 2) sum += (bytes[at]! << 8) | (bytes[at + 1] ?? 0)
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000)
  return ~sum & 0xffff
}
