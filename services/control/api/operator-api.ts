import type { FastifyPluginAsync } from 'fastify'
import * as v from 'valibot'
import type { Topology } from '../../topology/topology.ts'
import { tokenSchema } from '../certificates/user-tokens.ts'
import type { Operations } from '../operations.ts'
import { type Switches, switchSchema } from '../rollout/switches.ts'
import { addressSchema, byName, checked, checkedEmpty, count, text } from './body.ts'
import { rolloutRoutes } from './rollout-routes.ts'
import { knownLink, knownWorkload } from './unknown.ts'

const bodies = {
  debug: v.strictObject({ keyLog: v.boolean() }),
  verify: v.strictObject({ verify: v.boolean() }),
  joinToken: v.strictObject({ workload: text(200), reason: text(300) }),
  faulty: v.strictObject({
    workload: text(200),
    kinds: v.pipe(v.array(text(100)), v.maxLength(10)),
    csr: text(60_000),
    reason: text(300),
  }),
  token: tokenSchema,
  reports: v.strictObject({ since: byName(text(200), count) }),
  requestId: v.strictObject({ id: v.pipe(text(64), v.regex(/^[\w.-]{8,64}$/, 'a request id or a trace id')) }),
  routes: byName(text(400), addressSchema),
  since: v.object({
    since: v.optional(v.pipe(v.string(), v.regex(/^\d{1,15}$/, 'a whole number'), v.transform(Number)), '0'),
  }),
}

type Named = { Params: { name: string } }
type Since = { Querystring: { since?: string } }

/**
 * What the operator asks of the control plane, over JSON; going from mode to mode: {@link rolloutRoutes}.
 */
export const operatorApi =
  (topology: Topology, operations: Operations): FastifyPluginAsync =>
  async app => {
    const workload = (name: string) => knownWorkload(topology, name)
    const link = (id: string) => knownLink(topology, id)

    app.addHook('onSend', async (_request, reply) => void reply.header('cache-control', 'no-store'))

    app.get('/api/state', () => operations.state())
    app.get('/api/topology', () => topology)

    rolloutRoutes(app, operations)

    app.get<Named & Since>('/api/workloads/:name/report', request =>
      operations.report(workload(request.params.name), checked(bodies.since, request.query).since),
    )
    app.post('/api/reports', request => {
      const { since } = checked(bodies.reports, request.body)
      for (const name of Object.keys(since)) workload(name)
      return operations.reports(since)
    })
    app.get<{ Params: { id: string } }>('/api/requests/:id', request =>
      operations.about(checked(bodies.requestId, request.params).id),
    )
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
    app.post<Named>('/api/switches/:name/reset', request => {
      checkedEmpty(request.body)
      return operations.resetSwitch(switchSchema(topology, request.params.name).name)
    })

    app.get('/api/state-files', () => operations.stateFiles())
    app.get<Since>('/api/audit', request => operations.audit(checked(bodies.since, request.query).since))
    app.post('/api/join-tokens', request => {
      const { workload: name, reason } = checked(bodies.joinToken, request.body)
      return { token: operations.joinToken(workload(name), reason) }
    })
    app.post('/api/tokens', async request => {
      const wish = checked(bodies.token, request.body)
      return { token: await operations.token({ audience: topology.tokens.audience, ...wish }) }
    })
    app.get('/api/jwks', () => operations.jwks())
    app.post('/api/tokens/rotate', request => {
      checkedEmpty(request.body)
      return operations.rotateTokenKey()
    })

    app.post('/api/faulty-certificates', request => {
      const { workload: name, ...asked } = checked(bodies.faulty, request.body)
      return operations.faulty(workload(name), asked)
    })
  }
