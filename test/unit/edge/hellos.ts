import { connect as tlsConnect } from 'node:tls'
import { type Cleanup, tcpServer } from '../wire/support.ts'

const vector = (size: number, ...parts: Buffer[]): Buffer => {
  const body = Buffer.concat(parts)
  const length = Buffer.alloc(size)
  length.writeUIntBE(body.length, 0, size)
  return Buffer.concat([length, body])
}
const u16 = (value: number): Buffer => Buffer.from([value >> 8, value & 0xff])

export const extension = (type: number, ...parts: Buffer[]): Buffer => Buffer.concat([u16(type), vector(2, ...parts)])

/** A server_name extension with any number of names, as they are. */
export const serverName = (...names: (string | Buffer)[]): Buffer =>
  extension(0, vector(2, ...names.map(name => Buffer.concat([Buffer.from([0]), vector(2, Buffer.from(name))]))))

export const alpn = (...protocols: string[]): Buffer =>
  extension(16, vector(2, ...protocols.map(protocol => vector(1, Buffer.from(protocol)))))

/** The handshake message: a small ClientHello with these extensions. */
export const helloMessage = (...extensions: Buffer[]): Buffer =>
  Buffer.concat([
    Buffer.from([1]),
    vector(
      3,
      ...[Buffer.from([3, 3]), Buffer.alloc(32, 7), vector(1), vector(2, u16(0x1301)), vector(1, Buffer.from([0]))],
      vector(2, ...extensions),
    ),
  ])

/** A message as TLS records of at most `size` bytes of payload. */
export const inRecords = (message: Buffer, size = 16_384): Buffer => {
  const records: Buffer[] = []
  for (let at = 0; at < message.length; at += size) {
    records.push(Buffer.from([22, 3, 1]), vector(2, message.subarray(at, at + size)))
  }
  return Buffer.concat(records)
}

/** A ClientHello in one record that asks for `names`. */
export const helloFor = (...names: (string | Buffer)[]): Buffer => inRecords(helloMessage(serverName(...names)))

/** The ClientHello Node's own client sends: X25519MLKEM768 first, more than 1500 bytes. */
export const nodeHello = async (servername: string, cleanup: Cleanup): Promise<Buffer> => {
  let settle = (_hello: Buffer): void => {}
  const hello = new Promise<Buffer>(resolve => {
    settle = resolve
  })
  let bytes = Buffer.alloc(0)
  const address = await tcpServer(cleanup, socket =>
    socket.on('data', chunk => {
      bytes = Buffer.concat([bytes, chunk])
      if (bytes.length >= 5 && bytes.length >= 5 + bytes.readUInt16BE(3)) settle(bytes)
    }),
  )
  const client = tlsConnect({ ...address, servername, ALPNProtocols: ['h2', 'http/1.1'] })
  client.on('error', () => {})
  cleanup.later(() => client.destroy())
  return hello
}
