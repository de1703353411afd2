import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { KeyPair } from '../../services/chassis/tls-options.ts'
import { type Attempt, attempt } from './attempt.ts'

/** Whom a careless server took somebody for who came back with another's session. */
export type CameBack = { tickets: number; resumed: boolean; takenFor: string; attempt: Attempt }

/**
 * A TLS server as libraries make it by default: it gives out session tickets and believes the identity of the session.
 * `first` visits it; then `second` does, with the ticket that `first` was given.
 */
export const comeBackAsAnother = async (own: KeyPair, first: KeyPair, second: KeyPair): Promise<CameBack> => {
  const shown = { key: own.key, cert: own.chain, minVersion: 'TLSv1.3' as const }
  const server = createServer({ ...shown, requestCert: true, rejectUnauthorized: false }, (request, response) => {
    const certificate = (request.socket as TLSSocket).getPeerX509Certificate()
    response.writeHead(200, { connection: 'close' }).end(certificate?.subjectAltName ?? 'nobody')
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const { address: host, port } = server.address() as AddressInfo
  const tickets: Buffer[] = []
  const visit = (pair: KeyPair, session: Buffer | undefined) => {
    const presented = { key: pair.key, cert: pair.chain, ...(session ? { session } : {}) }
    const tls = { ...presented, minVersion: 'TLSv1.3' as const, rejectUnauthorized: false, servername: 'careless' }
    const onTicket = (ticket: Buffer) => void tickets.push(ticket)
    return attempt({ address: { host, port }, tls, method: 'GET', path: '/', onTicket })
  }
  try {
    await visit(first, undefined)
    const back = await visit(second, tickets[0])
    const takenFor = back.answered ? back.body.replace(/^URI:/, '') : 'nobody'
    return { tickets: tickets.length, resumed: back.tls?.resumed === true, takenFor, attempt: back }
  } finally {
    const closed = new Promise(resolve => server.close(resolve))
    server.closeAllConnections()
    await closed
  }
}
