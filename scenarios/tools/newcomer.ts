import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Address } from '../../services/chassis/transport.ts'

/** A plain HTTP server that nobody declared. */
export type Newcomer = {
  address: Address
  /** Bodies of the requests it got, oldest first. */
  received(): readonly string[]
  /** Resolves when a body contains this; rejects with the signal's reason. */
  until(text: string, signal: AbortSignal): Promise<void>
  close(): Promise<void>
}

/** Listens on `host`. `work` is done for each request before it is answered. */
export const startNewcomer = async (host: string, work: () => Promise<unknown> = async () => {}): Promise<Newcomer> => {
  const bodies: string[] = []
  const watchers = new Set<() => void>()
  const server = createServer(async (request, response) => {
    const chunks = await request.toArray().catch(() => [])
    bodies.push(Buffer.concat(chunks).toString())
    for (const watcher of [...watchers]) watcher()
    await work().catch(() => {})
    response.end()
  })
  server.listen(0, host)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    address: { host, port },
    received: () => bodies,
    until: (text, signal) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (!bodies.some(body => body.includes(text))) return
          watchers.delete(look)
          resolve()
        }
        signal.addEventListener('abort', () => reject(signal.reason), { once: true })
        watchers.add(look)
        look()
      }),
    async close() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}
