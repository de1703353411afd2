import { createHash } from 'node:crypto'
import { createServer } from 'node:net'
import { bind } from '../chassis/bind.ts'

/**
 * A loopback address to dial from that nobody else here uses, so that whoever is dialled can tell this workload by it:
 * one of 127.128.0.0/10, the same after each restart, for a workload of this identity that listens on `host`. Undefined
 * off loopback, where the network gives each its own, and where the system has no loopback address but 127.0.0.1 (macOS
 * unless told otherwise).
 */
export const ownAddress = async (id: string, host = '127.0.0.1'): Promise<string | undefined> => {
  if (!host.startsWith('127.')) return undefined
  const [a = 0, b = 0, c = 0] = createHash('sha256').update(id).digest()
  const address = `127.${128 + (a % 64)}.${b}.${1 + (c % 254)}`
  const server = createServer()
  try {
    await bind(server, address, 0)
    return address
  } catch {
    return undefined
  } finally {
    server.close()
  }
}
