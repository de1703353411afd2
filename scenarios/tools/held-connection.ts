import { Agent as PlainAgent } from 'node:http'
import { Agent as TlsAgent } from 'node:https'
import type { Duplex } from 'node:stream'

/** One connection that is kept for request after request, and never quietly replaced by another. */
export type HeldConnection = {
  agent: PlainAgent
  /** When it ended, in milliseconds of `performance.now()`; undefined while it is open. */
  endedAt(): number | undefined
  close(): void
}

/** To be given to an attempt as its agent. Once its connection is made, asking for another fails with ECONNRESET. */
export const holdConnection = (tls: boolean): HeldConnection => {
  const options = { keepAlive: true, maxSockets: 1 }
  const agent = tls ? new TlsAgent({ ...options, maxCachedSessions: 0 }) : new PlainAgent(options)
  const connect = agent.createConnection.bind(agent)
  let made = false
  let endedAt: number | undefined
  const watch = (socket: Duplex | null | undefined) => {
    socket?.once('connect', () => {
      made = true
      socket.once('close', () => {
        endedAt = performance.now()
      })
    })
    return socket
  }
  agent.createConnection = (options, done) => {
    if (!made) return watch(connect(options, done))
    done?.(Object.assign(new Error('the connection is gone'), { code: 'ECONNRESET' }), undefined as never)
    return undefined
  }
  return { agent, endedAt: () => endedAt, close: () => agent.destroy() }
}
