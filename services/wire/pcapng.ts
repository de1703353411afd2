/** One packet of a capture: when it passed (ms since the epoch) and its bytes from the IP header on. */
export type CapturedPacket = { at: number; bytes: Buffer }

const sectionHeader = 0x0a0d0d0a
const interfaceDescription = 1
const enhancedPacket = 6
const decryptionSecrets = 10
/** LINKTYPE_RAW: the packet begins with its IPv4 or IPv6 header. */
const linkTypeRaw = 101
/** Secrets type "TLS key log": lines in the NSS format. */
const tlsKeyLog = 0x544c534b

/**
 * A capture file in pcapng (draft-ietf-opsawg-pcapng), which Wireshark and tshark open. Secrets (NSS key log lines) go
 * in front of the packets, where the dissector needs them to decrypt.
 */
export const writePcapng = (packets: CapturedPacket[], secrets: string[] = []): Buffer => {
  const blocks = [
    block(sectionHeader, u32(0x1a2b3c4d), u16(1), u16(0), u32(0xffffffff), u32(0xffffffff)),
    block(interfaceDescription, u16(linkTypeRaw), u16(0), u32(0)),
  ]
  if (secrets.length > 0) {
    const lines = Buffer.from(secrets.map(line => `${line.trim()}\n`).join(''), 'latin1')
    blocks.push(block(decryptionSecrets, u32(tlsKeyLog), u32(lines.length), padded(lines)))
  }
  for (const { at, bytes } of packets) blocks.push(packetBlock(at, bytes))
  return Buffer.concat(blocks)
}

const packetBlock = (at: number, bytes: Buffer): Buffer => {
  // Without an if_tsresol option time is counted in microseconds, split over two words.
  const micros = BigInt(Math.round(at * 1000))
  const time = [u32(Number(micros >> 32n)), u32(Number(micros & 0xffffffffn))]
  return block(enhancedPacket, u32(0), ...time, u32(bytes.length), u32(bytes.length), padded(bytes))
}

const block = (type: number, ...parts: Buffer[]): Buffer => {
  const body = Buffer.concat(parts)
  const length = u32(body.length + 12)
  return Buffer.concat([u32(type), length, body, length])
}

const padded = (bytes: Buffer): Buffer => Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)])

const u16 = (value: number): Buffer => {
  const bytes = Buffer.alloc(2)
  bytes.writeUInt16LE(value)
  return bytes
}

const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}
