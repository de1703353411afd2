import type { Socket } from 'node:net'
import { type Started, startTcp } from './hop.ts'

/** One request as the bytes on the backend's wire tell it, read by a parser that has nothing in common with Node's. */
export type Recorded = { line: string; headers: [string, string][]; body: string; connection: number }

export type Recorder = Started & {
  /** Completed requests since the last `clear`, in the order of their completion. */
  requests: Recorded[]
  /** Bytes no request could be made of. */
  leftovers(): string[]
  clear(): void
  connections(): number
}

/** A raw TCP backend that records every request and answers each with its body's length. */
export const startRecorder = async (
  answer: (request: Recorded, socket: Socket) => void = (request, socket) => {
    const text = `${request.line.split(' ')[1]} ${request.body.length}`
    socket.write(
      `HTTP/1.1 200 OK\r\nContent-Length: ${text.length}\r\n\r\n${request.line.startsWith('HEAD ') ? '' : text}`,
    )
  },
): Promise<Recorder> => {
  const requests: Recorded[] = []
  const pending = new Map<Socket, string>()
  let count = 0
  const server = await startTcp(socket => {
    const connection = count++
    pending.set(socket, '')
    socket.on('data', chunk => {
      let rest = pending.get(socket) + chunk.toString('latin1')
      for (let next = take(rest); next; next = take(rest)) {
        rest = next.rest
        const recorded = { ...next.request, connection }
        requests.push(recorded)
        answer(recorded, socket)
      }
      pending.set(socket, rest)
    })
  })
  return {
    ...server,
    requests,
    leftovers: () => [...pending.values()].filter(rest => rest !== ''),
    clear() {
      requests.length = 0
      for (const socket of pending.keys()) if (socket.destroyed) pending.delete(socket)
    },
    connections: () => count,
  }
}

const take = (bytes: string): { request: Omit<Recorded, 'connection'>; rest: string } | undefined => {
  const end = bytes.indexOf('\r\n\r\n')
  if (end < 0) return undefined
  const [line = '', ...fields] = bytes.slice(0, end).split('\r\n')
  const headers = fields.map(field => [field.slice(0, field.indexOf(':')), field.slice(field.indexOf(':') + 1).trim()])
  const value = (name: string) => headers.find(([key]) => key!.toLowerCase() === name)?.[1]
  const after = bytes.slice(end + 4)
  const body = value('transfer-encoding') ? dechunk(after) : sized(after, Number(value('content-length') ?? 0))
  return body && { request: { line, headers: headers as [string, string][], body: body.text }, rest: body.rest }
}

const sized = (bytes: string, length: number) =>
  bytes.length < length ? undefined : { text: bytes.slice(0, length), rest: bytes.slice(length) }

const dechunk = (bytes: string): { text: string; rest: string } | undefined => {
  let text = ''
  let at = 0
  for (;;) {
    const lineEnd = bytes.indexOf('\r\n', at)
    if (lineEnd < 0) return undefined
    const size = Number.parseInt(bytes.slice(at, lineEnd), 16)
    at = lineEnd + 2
    if (bytes.length < at + size + 2) return undefined
    text += bytes.slice(at, at + size)
    at += size + 2
    if (size === 0) return { text, rest: bytes.slice(at) }
  }
}
