import type { X509Certificate } from 'node:crypto'
import type { Socket } from 'node:net'
import { createExpiryWatch } from './expiry-watch.ts'

/** How long an expired peer's last request may take, ms. */
export const expiredGraceMs = 1_500

/** The connections of one upstream whose callees proved themselves, and with what. */
export type Callees = {
  add(socket: Socket, certificate: X509Certificate): void
  some(matches: (certificate: X509Certificate) => boolean): boolean
  cut(matches: (certificate: X509Certificate) => boolean): void
  look(): void
  close(): void
}

/** `expired` is called when a callee's certificate is past its notAfter; what is left of its connections a little later is cut. */
export const createCallees = (clock: () => number, expired: () => void): Callees => {
  const proven = new Map<Socket, X509Certificate>()
  const leaving = new Set<Socket>()
  const watch = createExpiryWatch(clock, now => {
    const ends = [...proven].map(([socket, { validToDate }]) => ({ socket, end: validToDate.getTime() }))
    const due = ends.filter(({ socket, end }) => end <= now && !leaving.has(socket))
    for (const { socket } of due) leave(socket)
    if (due.length > 0) expired()
    return ends.map(({ end }) => end).filter(end => end > now)
  })

  const leave = (socket: Socket) => {
    leaving.add(socket)
    const timer = setTimeout(() => socket.destroy(), expiredGraceMs)
    socket.once('close', () => clearTimeout(timer))
  }

  return {
    add(socket, certificate) {
      proven.set(socket, certificate)
      socket.once('close', () => {
        proven.delete(socket)
        leaving.delete(socket)
      })
      watch.until(certificate.validToDate.getTime())
    },
    some: matches => [...proven.values()].some(matches),
    cut(matches) {
      for (const [socket, certificate] of proven) if (matches(certificate)) socket.destroy()
    },
    look: watch.look,
    close: watch.close,
  }
}
