import type { Socket } from 'node:net'
import { type Endpoint, plainAddress } from './peers.ts'
import { encodeProxyHeader } from './proxy-protocol.ts'

/** The PROXY header that says who connected to a socket's own end; undefined once that is not known any more. */
export const headerFor = ({ address, port }: Endpoint, { localAddress, localPort }: Socket): Buffer | undefined =>
  port && localAddress && localPort
    ? encodeProxyHeader({
        source: { host: plainAddress(address), port },
        destination: { host: plainAddress(localAddress), port: localPort },
      })
    : undefined
