import { PassThrough } from 'node:stream'
import type { FastifyPluginAsync } from 'fastify'
import * as v from 'valibot'
import { revocationReasons } from '../../../pki/crl.ts'
import { HopError } from '../../../pki/error.ts'
import { linkIds } from '../../hops.ts'
import { isMode, modes } from '../../modes.ts'
import type { Topology } from '../../topology/topology.ts'
import { tokenSchema } from '../certificates/user-tokens.ts'
import type { Operations } from '../operations.ts'
import { steps } from '../rollout/steps.ts'
import { type Switches, switchSchema } from '../rollout/switches.ts'
import { addressSchema, byName, checked, count, text } from './body.ts'
import { problemOf } from './problem.ts'
import { createWriter } from './stream.ts'

const bodies = {
  mode: v.strictObject({ mode: text(100), stopAt: v.optional(v.picklist(steps.filter(step => step !== 'narrow'))) }),
  debug: v.strictObject({ keyLog: v.boolean() }),
  verify: v.strictObject({ verify: v.boolean() }),
  revoke: v.strictObject({ serial: v.optional(text(64)), id: v.optional(text(2048)), reason: v.picklist(reasons()) }),
  joinToken: v.strictObject({ workload: text(200), reason: text(300) }),
  faulty: v.strictObject({
    workload: text(200),
    kinds: v.pipe(v.array(text(100)), v.maxLength(10)),
    csr: text(60_000),
    reason: text(300),
  }),
  token: tokenSchema,
  reports: v.strictObject({ since: byName(text(200), count) }),
  routes: byName(text(400), addressSchema),
  since: v.object({
    since: v.optional(v.pipe(v.string(), v.regex(/^\d{1,15}$/, 'a whole number'), v.transform(Number)), '0'),
  }),
}

type Named = { Params: { name: string } }
type Since = { Querystring: { since?: string } }

/**
 * What the operator asks of the control plane, over JSON. `PUT /api/mode` and `POST /api/rollout/rollback` answer with
 * NDJSON: a {@link Progress} a line, then `{done: true, mode, heldAt?}` or `{done: false, problem}`.
 */
export const operatorApi =
  (topology: Topology, operations: Operations): FastifyPluginAsync =>
  async app => {
    app.addHook('onSend', async (_request, reply) => void reply.header('cache-control', 'no-store'))

    app.get('/api/state', () => operations.state())
    app.get('/api/topology', () => topology)

    app.put('/api/mode', (request, reply) => {
      const { mode, stopAt } = checked(bodies.mode, request.body)
      if (!isMode(mode)) throw unknown('mode-unknown', 'mode', modes, mode)
      return narrated(watch => operations.switchMode(mode, stopAt, watch)).then(body =>
        reply.type('application/x-ndjson').send(body),
      )
    })
    app.post('/api/rollout/rollback', async (_request, reply) => {
      const body = await narrated(watch => operations.rollback(watch))
      return reply.type('application/x-ndjson').send(body)
    })

    app.get<Named & Since>('/api/workloads/:name/report', request =>
      operations.report(workload(request.params.name), checked(bodies.since, request.query).since),
    )
    app.post('/api/reports', request => {
      const { since } = checked(bodies.reports, request.body)
      for (const name of Object.keys(since)) workload(name)
      return operations.reports(since)
    })
    app.put<Named>('/api/workloads/:name/debug', request => {
      const { keyLog } = checked(bodies.debug, request.body)
      return operations.setKeyLog(workload(request.params.name), keyLog)
    })
    app.put<{ Params: { id: string } }>('/api/links/:id/verify', request => {
      const { verify } = checked(bodies.verify, request.body)
      return operations.setVerify(link(request.params.id), verify)
    })
    app.put('/api/routes', request => {
      const routes = checked(bodies.routes, request.body)
      for (const id of Object.keys(routes)) link(id)
      return operations.setRoutes(routes)
    })

    app.get('/api/switches', () => operations.switches())
    app.put<Named>('/api/switches/:name', request => {
      const { name, schema } = switchSchema(topology, request.params.name)
      const { value } = checked(v.strictObject({ value: schema }), request.body)
      return operations.setSwitch(name, value as Switches[typeof name])
    })
    app.post<Named>('/api/switches/:name/reset', request =>
      operations.resetSwitch(switchSchema(topology, request.params.name).name),
    )

    app.get<Since>('/api/audit', request => operations.audit(checked(bodies.since, request.query).since))
    app.post('/api/revoke', request => operations.revoke(checked(bodies.revoke, request.body)))
    app.post('/api/join-tokens', request => {
      const { workload: name, reason } = checked(bodies.joinToken, request.body)
      return { token: operations.joinToken(workload(name), reason) }
    })
    app.post('/api/tokens', async request => {
      const wish = checked(bodies.token, request.body)
      return { token: await operations.token({ audience: topology.tokens.audience, ...wish }) }
    })
    app.get('/api/jwks', () => operations.jwks())
    app.post('/api/tokens/rotate', () => operations.rotateTokenKey())

    app.post('/api/faulty-certificates', request => {
      const { workload: name, ...asked } = checked(bodies.faulty, request.body)
      return operations.faulty(workload(name), asked)
    })

    const workload = (name: string): string => {
      if (Object.hasOwn(topology.workloads, name)) return name
      throw unknown('workload-unknown', 'workload', Object.keys(topology.workloads), name)
    }
    const link = (id: string): string => {
      if (linkIds(topology).includes(id)) return id
      throw unknown('link-unknown', 'link', linkIds(topology), id)
    }
  }

/** A refusal before anything happened is a plain problem; afterwards it is the last line. */
const narrated = async (work: (watch: (line: object) => void) => Promise<object>): Promise<PassThrough> => {
  const body = new PassThrough()
  const writer = createWriter<object>(body)
  body.on('error', () => {})
  const begun = Promise.withResolvers<void>()
  const ended = work(line => {
    writer.send(line)
    begun.resolve()
  })
  ended.then(() => begun.resolve(), begun.reject)
  await begun.promise
  ended
    .then(
      outcome => writer.send({ done: true, ...outcome }),
      error => writer.send({ done: false, problem: problemOf(error) }),
    )
    .finally(writer.close)
  return body
}

function reasons() {
  return Object.keys(revocationReasons) as (keyof typeof revocationReasons)[]
}

const unknown = (code: string, field: string, known: readonly string[], found: string) =>
  new HopError(code, { field, expected: known.join(', '), found: JSON.stringify(found.slice(0, 100)) })
