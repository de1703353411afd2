import type { AddressInfo, Socket } from 'node:net'
import { type ConnectionOptions, createServer } from 'node:tls'
import { createAuthority } from '../../pki/authority.ts'
import { mintProfile } from '../../pki/profiles.ts'
import type { Address } from '../../services/chassis/transport.ts'

/** What a client offers and nothing better; `weak` tells why nobody should take it. */
export type Offer = { name: string; weak: string; tls: ConnectionOptions }

// OpenSSL offers what is older or weaker than its own liking only below security level 1
const anyLevel = '@SECLEVEL=0'

const only = (version: 'TLSv1' | 'TLSv1.1' | 'TLSv1.2', ciphers: string): ConnectionOptions => ({
  minVersion: version,
  maxVersion: version,
  ciphers: `${ciphers}:${anyLevel}`,
})

/** RFC 8996 retires TLS 1.0 and 1.1; RFC 9325 §4.2 names what of TLS 1.2 is not to be used. */
export const oldOffers: readonly Offer[] = [
  { name: 'TLS 1.0', weak: 'retired: MD5 and SHA-1 in the handshake', tls: only('TLSv1', 'DEFAULT') },
  { name: 'TLS 1.1', weak: 'retired: SHA-1 in the handshake', tls: only('TLSv1.1', 'DEFAULT') },
  {
    name: 'TLS 1.2 with CBC',
    weak: 'padding that can be probed',
    tls: only('TLSv1.2', 'ECDHE-ECDSA-AES128-SHA:ECDHE-RSA-AES128-SHA'),
  },
  {
    name: 'TLS 1.2 with RSA key exchange',
    weak: 'no forward secrecy',
    tls: only('TLSv1.2', 'AES128-GCM-SHA256:AES128-SHA'),
  },
]

/** Somebody who takes every offer, to show that they can be made at all. */
export const createOldServer = async (): Promise<{ address: Address; close(): Promise<void> }> => {
  const authority = createAuthority({ trustDomain: 'old.example', clock: Date.now })
  // suites with RSA key exchange need an RSA key; a short one is made quickly
  const pairs = [[], ['weak-rsa-1024']].map(kinds => mintProfile(authority, kinds, { dnsName: 'old.example' }))
  const key = pairs.map(pair => pair.key)
  const cert = pairs.map(pair => pair.chain)
  const server = createServer({ key, cert, minVersion: 'TLSv1', ciphers: `ALL:${anyLevel}` }, socket =>
    socket.on('error', () => {}).end(),
  )
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket.on('error', () => {}))
    socket.once('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const { address: host, port } = server.address() as AddressInfo
  return {
    address: { host, port },
    async close() {
      const closed = new Promise(resolve => server.close(resolve))
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}
