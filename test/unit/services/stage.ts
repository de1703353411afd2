import { createServer } from 'node:http'
import { createServer as createServer2 } from 'node:http2'
import type { AddressInfo, Server } from 'node:net'
import { pino } from 'pino'
import type { Call, JsonRequest, Program, RequestContext, Site, Upstream } from '../../../services/chassis/program.ts'

/** What a fake callee does with a call: answers, or throws. */
export type Answer = (request: JsonRequest, context: RequestContext) => { status: number; body: unknown }

export const contextOf = (more: Partial<RequestContext> = {}): RequestContext => ({
  requestId: 'request-1',
  traceId: '0'.repeat(32),
  spanId: '0'.repeat(16),
  parentSpanId: undefined,
  traceFlags: '01',
  caller: undefined,
  callerBy: 'nobody',
  clientAddress: '192.0.2.7',
  forwardedFor: ['192.0.2.7'],
  encrypted: false,
  ingress: false,
  calls: [],
  ...more,
})

/** A site whose callees are functions; `asked` lists the calls made, in order. */
export const siteWith = (
  callees: Record<string, Answer>,
  calls: readonly Call[] = [],
  address = { host: '127.0.0.1', port: 9 },
) => {
  const asked: { callee: string; request: JsonRequest; context: RequestContext }[] = []
  const upstream = (callee: string): Upstream => ({
    spec: () => ({
      link: `test:${callee}`,
      callee,
      transport: 'plaintext',
      address,
      id: `spiffe://test/${callee}`,
      verify: true,
    }),
    dispatcher: () => {
      throw new Error('no dispatcher here')
    },
    callerHeaders: () => [],
    async call(context, request) {
      asked.push({ callee, request, context })
      const answer = callees[callee]
      if (!answer) throw new Error(`${callee} is not on this stage`)
      return answer(request, context)
    },
  })
  const site: Site = {
    name: 'test',
    upstream,
    upstreams: () => Object.keys(callees).map(upstream),
    calls,
    log: pino({ level: 'silent' }),
    clock: Date.now,
  }
  return { site, asked }
}

/** Runs a program behind a real server, HTTP/1.1 or HTTP/2 in the clear. */
export const play = async (program: Program, site: Site, version: 1 | 2 = 1, context = contextOf()) => {
  const { handler, close } = await program(site)
  const server: Server =
    version === 1
      ? createServer((request, response) => handler(request, response, context))
      : createServer2((request, response) => handler(request, response, context))
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done))
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    origin,
    async send(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
      const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body)
      const answer = await fetch(origin + path, {
        method,
        headers: {
          ...(text === undefined ? {} : { 'content-type': 'application/json' }),
          connection: 'close',
          ...headers,
        },
        ...(text === undefined ? {} : { body: text }),
      })
      const raw = await answer.text()
      const type = answer.headers.get('content-type')
      return {
        status: answer.status,
        type,
        location: answer.headers.get('location'),
        body: raw === '' ? undefined : JSON.parse(raw),
      }
    },
    async stop() {
      await new Promise(done => server.close(done))
      await close()
    },
  }
}
