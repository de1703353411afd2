import { createDecipheriv, createHmac } from 'node:crypto'
import { parseProxyHeader } from '../../services/chassis/proxy-protocol.ts'
import type { Recorded } from '../tap-client.ts'

type Suite = {
  cipher: 'aes-128-gcm' | 'aes-256-gcm' | 'chacha20-poly1305'
  keyBytes: number
  hash: 'sha256' | 'sha384'
}

/** The cipher suites of TLS 1.3 that Node offers (RFC 8446, B.4). */
const suites: Record<number, Suite> = {
  4865: { cipher: 'aes-128-gcm', keyBytes: 16, hash: 'sha256' },
  4866: { cipher: 'aes-256-gcm', keyBytes: 32, hash: 'sha384' },
  4867: { cipher: 'chacha20-poly1305', keyBytes: 32, hash: 'sha256' },
}

/** What somebody with these NSS key log lines reads in the recorded connections: the application data of all, in both directions. */
export const decryptAll = (recorded: readonly Recorded[], keyLog: readonly string[]): Buffer => {
  const secrets = new Map(
    keyLog.map(line => {
      const [label = '', random = '', secret = ''] = line.trim().split(/\s+/)
      return [`${label} ${random.toLowerCase()}`, Buffer.from(secret, 'hex')]
    }),
  )
  return Buffer.concat(recorded.flatMap(({ bytes }) => decryptConnection(bytes, secrets)))
}

const decryptConnection = (bytes: Recorded['bytes'], secrets: Map<string, Buffer>): Buffer[] => {
  const fromCaller = behindProxyHeader(bytes['to-callee'])
  const [hello] = recordsOf(fromCaller)
  const suite = suites[cipherOf(bytes['to-caller'])]
  if (!hello || hello.type !== handshake || !suite) return []
  const random = hello.body.subarray(6, 38).toString('hex')
  const direction = (stream: Buffer, side: 'CLIENT' | 'SERVER') =>
    decryptStream(stream, suite, [
      secrets.get(`${side}_HANDSHAKE_TRAFFIC_SECRET ${random}`),
      secrets.get(`${side}_TRAFFIC_SECRET_0 ${random}`),
    ])
  return [...direction(fromCaller, 'CLIENT'), ...direction(bytes['to-caller'], 'SERVER')]
}

/** Between an edge that splices and the workload, a PROXY header stands in front of the ClientHello. */
const behindProxyHeader = (stream: Buffer): Buffer =>
  stream[0] === 0x0d ? stream.subarray(parseProxyHeader(stream)?.length ?? 0) : stream

/** Handshake keys first; the first record they do not open is the first under the application keys (RFC 8446, 5.2 and 7.3). */
const decryptStream = (stream: Buffer, suite: Suite, traffic: (Buffer | undefined)[]): Buffer[] => {
  const read: Buffer[] = []
  const keys = traffic.map(secret => secret && keysOf(secret, suite))
  const opened = (record: TlsRecord, epoch: number, sequence: number) => {
    const key = keys[epoch]
    return key && open(record, key, sequence, suite)
  }
  let epoch = 0
  let sequence = 0
  for (const record of recordsOf(stream)) {
    if (record.type !== applicationData) continue
    let inner = opened(record, epoch, sequence)
    if (!inner && epoch === 0) {
      epoch = 1
      sequence = 0
      inner = opened(record, epoch, sequence)
    }
    if (!inner) return read
    sequence += 1
    if (inner.type === applicationData) read.push(inner.text)
  }
  return read
}

const handshake = 22
const applicationData = 23

type TlsRecord = { type: number; header: Buffer; body: Buffer }

const recordsOf = (stream: Buffer): TlsRecord[] => {
  const records: TlsRecord[] = []
  for (let at = 0; at + 5 <= stream.length; ) {
    const end = at + 5 + stream.readUInt16BE(at + 3)
    if (end > stream.length) break
    records.push({ type: stream[at]!, header: stream.subarray(at, at + 5), body: stream.subarray(at + 5, end) })
    at = end
  }
  return records
}

/** From the ServerHello: header 4, version 2, random 32, session id, then the suite (RFC 8446, 4.1.3). */
const cipherOf = (stream: Buffer): number => {
  const [hello] = recordsOf(stream)
  if (hello?.type !== handshake || hello.body.length < 41) return 0
  const at = 39 + hello.body[38]!
  return at + 2 <= hello.body.length ? hello.body.readUInt16BE(at) : 0
}

type Keys = { key: Buffer; iv: Buffer }

const keysOf = (secret: Buffer, { hash, keyBytes }: Suite): Keys => ({
  key: expandLabel(secret, 'key', keyBytes, hash),
  iv: expandLabel(secret, 'iv', 12, hash),
})

/** HKDF-Expand-Label with an empty context (RFC 8446, 7.1); one block is enough for keys and IVs. */
const expandLabel = (secret: Buffer, label: string, length: number, hash: Suite['hash']): Buffer => {
  const name = Buffer.from(`tls13 ${label}`)
  const info = Buffer.concat([Buffer.from([0, length, name.length]), name, Buffer.from([0, 1])])
  return createHmac(hash, secret).update(info).digest().subarray(0, length)
}

const open = ({ header, body }: TlsRecord, { key, iv }: Keys, sequence: number, { cipher }: Suite) => {
  if (body.length < 17) return undefined
  const nonce = Buffer.from(iv)
  nonce.writeUInt32BE((nonce.readUInt32BE(8) ^ sequence) >>> 0, 8)
  const decipher = createDecipheriv(cipher as 'aes-128-gcm', key, nonce, { authTagLength: 16 })
  decipher.setAAD(header, { plaintextLength: body.length - 16 })
  decipher.setAuthTag(body.subarray(body.length - 16))
  try {
    const padded = Buffer.concat([decipher.update(body.subarray(0, body.length - 16)), decipher.final()])
    let end = padded.length
    while (end > 0 && padded[end - 1] === 0) end -= 1
    return { type: padded[end - 1], text: padded.subarray(0, end - 1) }
  } catch {
    return undefined
  }
}
