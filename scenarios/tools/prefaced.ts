import { connect, type Socket } from 'node:net'
import { type ConnectionOptions, connect as connectTls } from 'node:tls'
import type { Address } from '../../services/chassis/transport.ts'

type Dial = { address: Address; tls?: ConnectionOptions | undefined; from?: string | undefined; preface: Buffer }

/** A connection with bytes of somebody's choice in front of everything else, a PROXY header for one; then TLS if wanted. */
export const connectPrefaced = ({ address, tls, from, preface }: Dial): Socket => {
  const raw = connect({ ...address, ...(from === undefined ? {} : { localAddress: from }), noDelay: true })
  raw.write(preface)
  if (!tls) return raw
  const secure = connectTls({ ...tls, socket: raw })
  raw.on('error', error => secure.destroy(error))
  return secure
}
