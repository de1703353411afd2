import { connect, type Socket } from 'node:net'
import { type ConnectionOptions, connect as connectTls } from 'node:tls'
import type { Address } from '../../services/chassis/transport.ts'

type Dial = { address: Address; tls?: ConnectionOptions | undefined; from?: string | undefined; preface: Buffer } & {
  /** Gets the connection itself: around one to a host by name, TLS does not know where it came from. */
  onConnect: (raw: Socket) => void
}

/** A connection with bytes of somebody's choice in front of everything else, a PROXY header for one; then TLS if wanted. */
export const connectPrefaced = ({ address, tls, from, preface, onConnect }: Dial): Socket => {
  const raw = connect({ ...address, ...(from === undefined ? {} : { localAddress: from }), noDelay: true })
  raw.once('connect', () => onConnect(raw))
  raw.write(preface)
  if (!tls) return raw
  const secure = connectTls({ ...tls, socket: raw })
  raw.on('error', error => secure.destroy(error))
  return secure
}
