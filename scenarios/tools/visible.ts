import { parseProxyHeader } from '../../services/chassis/proxy-protocol.ts'
import { parseHello, printable } from '../../services/edge/hello-parser.ts'
import { createHelloRecords } from '../../services/edge/hello-records.ts'
import type { Recorded } from '../tap-client.ts'
import { decryptAll } from './decrypt.ts'

/** What a network person reads in recorded bytes, with or without session secrets. */
export type Visible = {
  /** `POST /charges`, as they stand there or as the secrets open them. */
  requests: string[]
  statuses: number[]
  /** Names asked for in the clear by ClientHellos. */
  serverNames: string[]
  /** Connections that begin with a TLS handshake, and all. */
  tls: number
  connections: number
  bytes: number
}

const requestLine = /(?:^|\n|[^\x20-\x7e])([A-Z]{3,10}) (\/[\x21-\x7e]*) HTTP\/1\.[01]\r/g
const statusLine = /HTTP\/1\.[01] ([1-5]\d\d) /g

/** Reads HTTP/1.1 where it can; `keyLog`: NSS lines that open TLS 1.3. */
export const visibleIn = (connections: readonly Recorded[], keyLog: readonly string[] = []): Visible => {
  const hellos = connections.map(({ bytes }) => helloIn(bytes['to-callee']))
  const readable = connections.filter((_, i) => hellos[i] === undefined)
  const opened = keyLog.length > 0 ? decryptAll(connections, keyLog) : Buffer.alloc(0)
  const text = [...readable.flatMap(({ bytes }) => [bytes['to-callee'], bytes['to-caller']]), opened]
    .map(bytes => bytes.toString('latin1'))
    .join('\n')
  return {
    requests: [...text.matchAll(requestLine)].map(([, method, path]) => `${method} ${path}`),
    statuses: [...text.matchAll(statusLine)].map(([, status]) => Number(status)),
    serverNames: [...new Set(hellos.flatMap(hello => hello?.serverName ?? []))],
    tls: hellos.filter(hello => hello !== undefined).length,
    connections: connections.length,
    bytes: connections.reduce((sum, { bytes }) => sum + bytes['to-callee'].length + bytes['to-caller'].length, 0),
  }
}

/** Undefined where no ClientHello comes first, but for a PROXY header. */
const helloIn = (stream: Buffer): { serverName?: string } | undefined => {
  try {
    const proxied = stream[0] === 0x0d ? (parseProxyHeader(stream)?.length ?? 0) : 0
    const body = createHelloRecords(65_536).push(stream.subarray(proxied))
    const { serverName } = body ? parseHello(body) : {}
    return body && (serverName ? { serverName: printable(serverName) } : {})
  } catch {
    // what cannot be a hello is none; what follows one is looked at by nobody
    return startsTls(stream) ? {} : undefined
  }
}

const startsTls = (stream: Buffer): boolean => stream[0] === 0x16 && stream[1] === 0x03
