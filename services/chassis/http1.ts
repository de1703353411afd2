import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { HttpEvents, HttpLimits, Served } from './http-connection.ts'
import { connectRefused, expectationRefused, parserRefusal, refusalOf, tooManyPipelined } from './http-rules.ts'
import { closeLingering } from './linger.ts'
import { type Problem, problemBody, problemBytes, problemHeaders } from './problem.ts'

/** One protocol's side of the acceptor. */
export type HttpSide = { accept(served: Served): void; close(): void }

/** HTTP/1.1 on given sockets, by Node's strict parser and the rules on top of it. */
export const createHttp1 = (events: HttpEvents, limits: HttpLimits, served: Map<Socket, Served>): HttpSide => {
  const server = createServer({
    maxHeaderSize: limits.headerBytes,
    headersTimeout: limits.headersMs,
    requestTimeout: limits.requestMs,
    keepAliveTimeout: limits.keepAliveMs,
    connectionsCheckingInterval: limits.checkEveryMs,
    insecureHTTPParser: false,
    // a request without a body is over when its headers are: no stream machinery for it
    optimizeEmptyRequests: true,
    // refusalOf answers a missing Host, with our words
    requireHostHeader: false,
  })
  server.maxHeadersCount = limits.headerCount
  server.timeout = limits.stallMs
  // Node starts checking headersTimeout and requestTimeout when a server listens; this one never does
  server.emit('listening')

  const answerRefusal = (response: ServerResponse, entry: Served, problem: Problem): void => {
    entry.refused = true
    const requestId = events.refused(entry.connection, problem.name, problem.name)
    const body = problemBody({ ...problem, requestId })
    response.shouldKeepAlive = false
    response.writeHead(problem.status, [...problemHeaders(body, requestId), ...events.refusalHeaders])
    response.end(response.req.method === 'HEAD' ? undefined : body)
  }

  function onClose(this: ServerResponse): void {
    const entry = served.get(this.req.socket)
    if (!entry) return
    entry.active--
    if (entry.last === this) entry.last = undefined
    if (entry.active === 0) events.idle(entry)
  }

  const admit = (request: IncomingMessage, response: ServerResponse): Served | undefined => {
    const entry = served.get(request.socket)
    if (!entry || entry.refused) return undefined
    entry.active++
    response.on('close', onClose)
    const problem = entry.active > limits.pipelined ? tooManyPipelined : refusalOf(request)
    if (problem) {
      answerRefusal(response, entry, problem)
      return undefined
    }
    if (entry.drainMs !== undefined) response.shouldKeepAlive = false
    entry.last = response
    return entry
  }

  server.on('request', (request, response) => {
    const entry = admit(request, response)
    if (entry) events.request(request, response, entry.connection)
  })

  server.on('checkContinue', (request, response) => {
    const entry = admit(request, response)
    if (!entry) return
    continueWhenRead(request, response)
    events.request(request, response, entry.connection)
  })

  server.on('checkExpectation', (request, response) => {
    const entry = admit(request, response)
    if (entry) answerRefusal(response, entry, expectationRefused)
  })

  server.on('connect', (_request, socket) => {
    const { name } = connectRefused
    const requestId = events.refused(served.get(socket as Socket)?.connection, name, name)
    linger(socket, problemBytes({ ...connectRefused, requestId }, events.refusalHeaders), limits.lingerMs)
  })

  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    const entry = served.get(socket as Socket)
    if (entry?.refused) return
    if (entry) entry.refused = true
    // the peer is gone: there is nobody to explain anything to
    if (!socket.writable || error.code === 'ECONNRESET' || error.code === 'EPIPE') {
      socket.destroy()
      return
    }
    const problem = parserRefusal(error.code)
    const requestId = events.refused(entry?.connection, problem.name, error.code ?? problem.name)
    const last = entry?.last
    if (last?.req.complete) closeAfter(last, socket)
    else if (last?.headersSent) socket.destroy()
    else linger(socket, problemBytes({ ...problem, requestId }, events.refusalHeaders), limits.lingerMs)
  })

  return {
    accept(entry) {
      lingerWhereUnread(entry, limits.lingerMs)
      server.emit('connection', entry.connection.socket)
    },
    close: () => server.close(() => {}),
  }
}

// An earlier request is still being answered and these bytes come after it: that answer is the last one.
const closeAfter = (last: ServerResponse, socket: Duplex): void => {
  socket.pause()
  last.shouldKeepAlive = false
  last.once('close', () => socket.destroy())
}

// Who answers before it has read all of a request, and closes, would cut a peer that is still sending.
const lingerWhereUnread = (entry: Served, forMs: number): void => {
  const { socket } = entry.connection
  const closeNow = socket.destroySoon.bind(socket)
  socket.destroySoon = () => {
    if (entry.last?.req.complete !== false) return closeNow()
    entry.refused = true
    closeLingering(socket, forMs)
  }
}

const linger = (socket: Duplex, bytes: string, forMs: number): void => {
  socket.removeAllListeners('data')
  socket.on('data', () => {})
  closeLingering(socket, forMs, bytes)
}

/**
 * 100 Continue is said when somebody wants the body, so a request that is denied is refused before it is uploaded
 * (RFC 9110 §10.1.1).
 */
export const continueWhenRead = (
  request: { _read(size: number): void },
  response: { headersSent: boolean; writeContinue(): void },
): void => {
  const read = request._read
  request._read = size => {
    request._read = read
    if (!response.headersSent) response.writeContinue()
    read.call(request, size)
  }
}
