import { createHash } from 'node:crypto'
import { createServer } from 'node:net'
import { networkInterfaces } from 'node:os'
import { bind } from '../chassis/bind.ts'

/**
 * A loopback address to dial from that nobody else here uses, so that whoever is dialled can tell this workload by it:
 * one of 127.128.0.0/10, the same after each restart, for a workload of this identity that listens on `host`. Undefined
 * off loopback, where the network gives each its own, and where the system has no loopback address but 127.0.0.1 (macOS
 * unless told otherwise).
 */
export const ownAddress = async (id: string, host = '127.0.0.1'): Promise<string | undefined> => {
  if (!isLoopback(host)) return undefined
  const [a = 0, b = 0, c = 0] = createHash('sha256').update(id).digest()
  const address = `127.${128 + (a % 64)}.${b}.${1 + (c % 254)}`
  return (await isFree(address)) ? address : undefined
}

/** Addresses that a workload which listens on `host` may dial from, where its machine is its own: all of its networks'. */
export const machineAddresses = (host = '127.0.0.1'): string[] =>
  isLoopback(host)
    ? []
    : Object.values(networkInterfaces())
        .flatMap(addresses => addresses ?? [])
        .filter(({ internal, address }) => !internal && !address.startsWith('fe80:'))
        .map(({ address }) => address)

const isLoopback = (host: string): boolean => host.startsWith('127.')

const isFree = async (address: string): Promise<boolean> => {
  const server = createServer()
  try {
    await bind(server, address, 0)
    return true
  } catch {
    return false
  } finally {
    server.close()
  }
}
