import { connect } from 'node:net'
import type { ConnectionOptions } from 'node:tls'
import { internalServerName } from '../../services/chassis/connector.ts'
import type { ConnectionRecord } from '../../services/chassis/observation.ts'
import type { KeyPair } from '../../services/chassis/tls-options.ts'
import type { Address } from '../../services/chassis/transport.ts'
import type { Hop } from '../../services/modes.ts'
import { requestOn } from '../flows/hops.ts'
import type { LabClient } from '../lab-client.ts'
import { attempt } from '../tools/attempt.ts'
import { freshCanary } from '../tools/canary.ts'
import { type Source, sourceOf } from '../tools/source.ts'
import type { Instead } from './fault.ts'

type Call = { lab: LabClient; hop: Hop; address: Address; from: string | undefined }

/** Where such a call came from, and what its caller's end saw of a failure. */
export type FaultyCall = Source & { record?: Partial<ConnectionRecord> }

/** Calls a callee with a certificate and a handshake of its own choice. */
export const callFaultily = async (
  { lab, hop, address, from }: Call,
  shown: { pair?: KeyPair; tls?: ConnectionOptions },
): Promise<FaultyCall> => {
  const { pair } = shown
  const { callee } = hop.link
  const tls = {
    minVersion: 'TLSv1.3' as const,
    rejectUnauthorized: false,
    servername: internalServerName(callee, lab.topology.trustDomain),
    ALPNProtocols: ['http/1.1'],
    ...(pair ? { key: pair.key, cert: pair.chain } : {}),
    ...shown.tls,
  }
  const made = await attempt({ address, tls, from, ...requestOn(hop.link, freshCanary(lab.topology)) })
  const { from: source, fromPort } = made
  return {
    ...(source && { from: source }),
    ...(fromPort && { fromPort }),
    ...(made.answered ? {} : { record: { side: 'client', failure: made.failure } }),
  }
}

/** Comes without TLS, and does this. Resolves when the connection is over, or it has said what it had to say. */
export const callWithout = ({ address, from }: Call, instead: Instead): Promise<FaultyCall> =>
  new Promise(resolve => {
    const socket = connect({ ...address, localAddress: from })
    let source: Source = {}
    socket.once('connect', () => {
      source = sourceOf(socket, from !== undefined)
      speak[instead](socket)
    })
    socket.on('error', () => {}).resume()
    socket.once('close', () => resolve(source))
  })

/** A handshake record that says it is longer than what comes (RFC 8446 §5.1), and one with a version nobody has heard of. */
const half = Buffer.from('16030100c8010000c40303', 'hex')
const nonsense = Buffer.concat([Buffer.from('16ffff', 'hex'), Buffer.alloc(61, 0xff)])

const speak: Record<Instead, (socket: ReturnType<typeof connect>) => void> = {
  plaintext: socket => void socket.end('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'),
  garbage: socket => void socket.write(nonsense),
  reset: socket => void socket.write(half, () => socket.resetAndDestroy()),
  silence: () => {},
}
