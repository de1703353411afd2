import {
  constants,
  createServer,
  type Http2ServerRequest,
  type Http2ServerResponse,
  type ServerHttp2Session,
} from 'node:http2'
import type { HttpEvents, HttpLimits, Served } from './http-connection.ts'
import { http2RefusalOf } from './http-rules.ts'
import { continueWhenRead, type HttpSide } from './http1.ts'
import { sendProblem } from './problem.ts'

/** HTTP/2 on TLS sockets whose ALPN chose it. No prior-knowledge h2c: plain sockets never come here. */
export const createHttp2 = (events: HttpEvents, limits: HttpLimits): HttpSide => {
  const server = createServer({
    settings: {
      maxConcurrentStreams: limits.streams,
      maxHeaderListSize: limits.headerBytes,
      enablePush: false,
      enableConnectProtocol: false,
    },
    maxHeaderListPairs: limits.headerCount,
    maxSessionInvalidFrames: 100,
    maxSessionRejectedStreams: 100,
  })
  server.setTimeout(limits.stallMs)
  const bySession = new WeakMap<ServerHttp2Session, Served>()
  let accepting: Served | undefined

  server.on('session', session => {
    const entry = accepting
    if (!entry) return
    entry.session = session
    bySession.set(session, entry)
    // a peer's protocol error ends its own session and nothing else
    session.on('error', error => {
      events.refused(entry.connection, 'bad-request', (error as NodeJS.ErrnoException).code ?? 'bad-request')
    })
    session.on('timeout', () => session.destroy())
  })

  const handle = (request: Http2ServerRequest, response: Http2ServerResponse): void => {
    const entry = bySession.get(request.stream.session as ServerHttp2Session)
    if (!entry) return
    entry.active++
    response.once('close', () => {
      entry.active--
    })
    const problem = http2RefusalOf(request)
    if (problem) {
      const requestId = events.refused(entry.connection, problem.name, problem.name)
      sendProblem(response, { ...problem, requestId }, events.refusalHeaders)
      return
    }
    if (!request.stream.endAfterHeaders) boundBody(request, limits.requestMs)
    events.request(request, response, entry.connection)
  }

  server.on('request', handle)
  server.on('checkContinue', (request, response) => {
    continueWhenRead(request, response)
    handle(request, response)
  })
  server.on('sessionError', () => {})

  return {
    accept(entry) {
      accepting = entry
      server.emit('connection', entry.connection.socket)
      accepting = undefined
    },
    close: () => server.close(() => {}),
  }
}

// HTTP/1.1 has requestTimeout for a body that trickles in; HTTP/2 streams have nothing of the kind
const boundBody = ({ stream }: Http2ServerRequest, withinMs: number): void => {
  const cut = setTimeout(() => stream.close(constants.NGHTTP2_CANCEL), withinMs)
  cut.unref()
  const done = () => clearTimeout(cut)
  stream.once('end', done)
  stream.once('close', done)
}
