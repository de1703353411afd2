import type { Socket } from 'node:net'
import { type ProxyHeader, parseProxyHeader } from './proxy-protocol.ts'

/** What stands in front of a connection: a PROXY header, none (`required` false only), or not enough bytes yet. */
export type Read = { header?: ProxyHeader } | undefined

/** Takes PROXY headers from the front of connections, however many pieces they come in. */
export type ProxyReader = {
  /**
   * What follows the header, or all where there is none, is put back. Undefined: more bytes are to come first (at most 528
   * in all). Throws HopError `proxy-header-malformed`, where one is required also for anything else.
   */
  take(socket: Socket, required: boolean): Read
}

export const createProxyReader = (): ProxyReader => {
  const begun = new WeakMap<Socket, Buffer>()

  const done = (socket: Socket, rest: Buffer): void => {
    begun.delete(socket)
    if (rest.length > 0) socket.unshift(rest)
  }

  return {
    take(socket, required) {
      const chunk: Buffer | null = socket.read()
      if (chunk === null) return undefined
      const bytes = Buffer.concat([begun.get(socket) ?? nothing, chunk])
      if (!required && bytes[0] !== firstOfHeader) {
        done(socket, bytes)
        return {}
      }
      const header = parseProxyHeader(bytes)
      if (!header) {
        begun.set(socket, bytes)
        return undefined
      }
      done(socket, bytes.subarray(header.length))
      return { header }
    },
  }
}

const nothing = Buffer.alloc(0)
const firstOfHeader = 0x0d
