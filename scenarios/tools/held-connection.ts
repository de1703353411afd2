import { Agent as PlainAgent } from 'node:http'
import { Agent as TlsAgent } from 'node:https'
import type { Duplex } from 'node:stream'
import { setTimeout as wait } from 'node:timers/promises'

/** One connection that is kept for request after request, and never quietly replaced by another. */
export type HeldConnection = {
  agent: PlainAgent
  /** When it ended, in milliseconds of `performance.now()`; undefined while it is open. */
  endedAt(): number | undefined
  /** Resolves once it has ended, or after so many milliseconds. */
  ended(withinMs: number): Promise<unknown>
  close(): void
}

/** To be given to an attempt as its agent. Once its connection is made, asking for another fails with ECONNRESET. */
export const holdConnection = (tls: boolean): HeldConnection => {
  const options = { keepAlive: true, maxSockets: 1 }
  const agent = tls ? new TlsAgent({ ...options, maxCachedSessions: 0 }) : new PlainAgent(options)
  const connect = agent.createConnection.bind(agent)
  let made = false
  let endedAt: number | undefined
  const over = Promise.withResolvers<void>()
  const watch = (socket: Duplex | null | undefined) => {
    socket?.once('connect', () => {
      made = true
      socket.once('close', () => {
        endedAt = performance.now()
        over.resolve()
      })
    })
    return socket
  }
  agent.createConnection = (options, done) => {
    if (!made) return watch(connect(options, done))
    done?.(Object.assign(new Error('the connection is gone'), { code: 'ECONNRESET' }), undefined as never)
    return undefined
  }
  // its timer holds the process: an idle connection does not, and nothing else may be left that does
  const ended = async (withinMs: number) => {
    const enough = new AbortController()
    await Promise.race([over.promise, wait(withinMs, undefined, { signal: enough.signal }).catch(() => {})])
    enough.abort()
  }
  return { agent, endedAt: () => endedAt, ended, close: () => agent.destroy() }
}
