import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { HopError } from '../../pki/error.ts'
import type { Direction } from '../chassis/relay.ts'
import type { AlterRule } from './alteration.ts'
import { bodies, readBody } from './api-body.ts'
import { streamOf } from './find.ts'
import type { RecordedConnection } from './recording.ts'
import type { Tap, TapState } from './tap.ts'
import type { Wire } from './wire.ts'

type Route = (tap: Tap, body: unknown, reply: FastifyReply) => unknown

const ask: Record<string, Route> = {
  bytes: tap => ({ link: tap.link, recorded: tap.state().recorded, connections: tap.connections().map(showBytes) }),
  capture: (tap, body, reply) => {
    const { keyLog } = readBody(bodies.capture, body)
    const file = `${tap.link.replaceAll(/[^\w.-]/g, '-')}.pcapng`
    reply.header('content-disposition', `attachment; filename="${file}"`)
    reply.type('application/octet-stream')
    return tap.capture(keyLog)
  },
}

const act: Record<string, Route> = {
  find: (tap, body) => ({ link: tap.link, ...tap.find(readBody(bodies.find, body)) }),
  capture: ask.capture!,
  alter: (tap, body) => {
    tap.alter(readBody(bodies.alter, body))
    return showTap(tap.state())
  },
  cut: (tap, body) => ({ cut: tap.cut(readBody(bodies.cut, body)), ...showTap(tap.state()) }),
  restore: tap => {
    tap.restore()
    return showTap(tap.state())
  },
  delay: (tap, body) => {
    tap.delay(readBody(bodies.delay, body).ms)
    return showTap(tap.state())
  },
  redirect: (tap, body) => {
    tap.redirect(readBody(bodies.redirect, body))
    return showTap(tap.state())
  },
  reset: tap => {
    tap.reset()
    return showTap(tap.state())
  },
}

/**
 * Adds the routes under `/wire`. Whoever registers this guards it: nothing here asks who is calling, and the guard's
 * refusals go on to whoever explains them. Ours are problem+json (RFC 9457): 404 for an unknown link, 400 for anything
 * wrong with the body.
 */
export const registerWireApi = async (fastify: FastifyInstance, wire: Wire): Promise<void> => {
  await fastify.register(async scope => {
    scope.setErrorHandler((error, request, reply) => {
      // a guard's refusal is for its owner to answer
      if (error instanceof HopError && !ours.has(error.code)) throw error
      return sendProblem(error, request, reply)
    })
    scope.get('/wire', () => ({ taps: wire.taps().map(tap => showTap(tap.state())) }))
    // links that came later than the lab can be watched too; the lab's own taps stay where they are
    const added = new Set<string>()
    scope.post('/wire', async (request, reply) => {
      const { link, target } = readBody(bodies.add, request.body)
      const tap = await wire.add({ link, target: () => target })
      added.add(link)
      return reply.code(201).send(showTap(tap.state()))
    })
    scope.post<{ Params: { link: string } }>('/wire/:link/remove', async (request, reply) => {
      const { link } = wire.tap(request.params.link)
      if (!added.delete(link))
        throw new HopError('tap-needed', { field: 'link', expected: 'a tap added since the lab started', found: link })
      await wire.remove(link)
      return reply.send({ removed: link })
    })
    const answer = (route: Route) => (request: FastifyRequest<{ Params: { link: string } }>, reply: FastifyReply) => {
      try {
        return reply.send(route(wire.tap(request.params.link), request.body, reply))
      } catch (error) {
        return sendProblem(error, request, reply)
      }
    }
    for (const [name, route] of Object.entries(ask)) scope.get(`/wire/:link/${name}`, answer(route))
    for (const [name, route] of Object.entries(act)) scope.post(`/wire/:link/${name}`, { bodyLimit }, answer(route))
  })
}

/** A tap's state as JSON: rules as hex, `left` absent where a rule never ends. */
const showTap = (state: TapState) => ({ ...state, alterations: state.alterations.map(showRule) })

const showRule = ({ find, replace, direction, hits, left }: AlterRule) => ({
  ...{ find: find.toString('hex'), replace: replace.toString('hex'), direction, hits },
  left: Number.isFinite(left) ? left : undefined,
})

/** One recorded connection: both directions as base64, and each piece's time, direction, kind and size in order. */
const showBytes = (connection: RecordedConnection) => {
  const { id, openedAt, closedAt, caller, callee, forgotten, events } = connection
  const stream = (direction: Direction): string => streamOf(connection, direction).toString('base64')
  return {
    ...{ id, openedAt, closedAt, caller, callee, forgotten },
    bytes: { 'to-callee': stream('to-callee'), 'to-caller': stream('to-caller') },
    events: events.map(({ at, direction, kind, bytes }) => ({ at, direction, kind, length: bytes.length })),
  }
}

/** Room for the longest key log a capture takes: 10,000 lines. */
const bodyLimit = 4 * 1024 * 1024

const ours = new Set([
  ...['link-unknown', 'link-tapped-twice', 'tap-needed', 'body-invalid'],
  ...['bytes-empty', 'lengths-differ', 'times-invalid'],
])

const statusOf: Record<string, number> = { 'link-unknown': 404, 'link-tapped-twice': 409, 'tap-needed': 409 }

const sendProblem = (error: unknown, _request: FastifyRequest, reply: FastifyReply): FastifyReply => {
  const { code, message, field, expected, found, remedy, statusCode } = error as HopError & { statusCode?: number }
  const hop = error instanceof HopError
  if (hop && !ours.has(code)) throw error
  const status = hop ? (statusOf[code] ?? 400) : (statusCode ?? 500)
  const detail = status >= 500 ? 'the wire failed' : message
  const problem = {
    title: hop ? code : 'bad request',
    status,
    detail,
    code,
    failure: code,
    field,
    expected,
    found,
    remedy,
  }
  return reply.code(status).type('application/problem+json').send(problem)
}
