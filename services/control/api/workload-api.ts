import type { Server } from 'node:https'
import type { FastifyInstance } from 'fastify'
import * as v from 'valibot'
import { HopError } from '../../../pki/error.ts'
import type { Observations } from '../../chassis/observation.ts'
import type { Address } from '../../chassis/transport.ts'
import type { Bootstrap } from '../certificates/bootstrap.ts'
import type { Issuer } from '../certificates/issuer.ts'
import type { TrustPublisher } from '../certificates/trust-publisher.ts'
import type { Fleet } from '../fleet.ts'
import type { Publisher } from '../rollout/publisher.ts'
import type { Store } from '../state/store.ts'
import { addressSchema, checked, count, text } from './body.ts'
import { reportBody } from './report-body.ts'
import { createLine } from './stream.ts'
import type { Authenticate, Caller } from './workload-server.ts'

type WorkloadApiOptions = {
  store: Store
  issuer: Issuer
  bootstrap: Bootstrap
  trust: TrustPublisher
  fleet: Fleet
  publisher: Publisher
  authenticate: Authenticate
  pingMs: number
}

/** Two thousand requests with ten calls each, and as many connections: longer than any workload's memory. */
const mostOfReport = 16 * 1024 * 1024

const csr = text(60_000)
const ip = v.pipe(text(45), v.ip('an IP address'))
const bodies = {
  enrol: v.strictObject({ token: text(200), csr, workload: text(200) }),
  discover: v.strictObject({ workload: text(200), nonce: text(64), returning: v.boolean() }),
  renew: v.strictObject({ csr }),
  public: v.strictObject({ csr, dnsName: text(255) }),
  stream: v.strictObject({
    listening: addressSchema,
    applied: count,
    trust: v.optional(count),
    dialsFrom: v.optional(v.pipe(v.array(ip), v.maxLength(32)), []),
  }),
  ack: v.strictObject({ version: count, ok: v.boolean(), error: v.optional(text(2000)), drained: v.boolean() }),
  report: reportBody,
  metrics: v.strictObject({ text: text(4 * 1024 * 1024) }),
}

/**
 * What workloads ask of the control plane:
 * `POST /v1/discover` → whom to trust, proven by the asker's secret; `/v1/enrol`, `/v1/renew`, `/v1/public` → a {@link Grant};
 * `/v1/stream` → NDJSON of `ControlMessage`, long-lived; `/v1/ack`, `/v1/trust-ack`, `/v1/report/:id`, `/v1/metrics/:id` → 204.
 * All but the first two need the workload's own certificate.
 */
export const workloadApi = (app: FastifyInstance<Server>, options: WorkloadApiOptions): void => {
  const { store, issuer, bootstrap, trust, fleet, publisher, authenticate, pingMs } = options
  const { audit, intent } = store

  app.post('/v1/enrol', { config: { rateLimit: { max: 3000, timeWindow: 60_000 } } }, request => {
    const { token, csr, workload } = checked(bodies.enrol, request.body)
    const act = { who: `anonymous at ${request.ip}`, action: 'enrol', target: workload }
    return audit.during(act, () => issuer.enrol(token, csr, workload))
  })

  // told to anybody: certificates of roots are no secret, and the proof is worth nothing without the question
  app.post('/v1/discover', { config: { rateLimit: { max: 3000, timeWindow: 60_000 } } }, request =>
    bootstrap.introduce(checked(bodies.discover, request.body)),
  )

  app.post('/v1/renew', request => {
    const { id, name } = authenticate(request)
    const { csr } = checked(bodies.renew, request.body)
    return audit.during({ who: id, action: 'renew' }, () => issuer.renew(name, csr))
  })

  app.post('/v1/public', request => {
    const { id, name } = authenticate(request)
    const { csr, dnsName } = checked(bodies.public, request.body)
    const mayHold = publisher.current(name)?.publicNames ?? []
    return audit.during({ who: id, action: 'public-name', target: dnsName }, () =>
      issuer.publicName(name, dnsName, csr, mayHold),
    )
  })

  app.post('/v1/stream', (request, reply) => {
    const { id, name, serial } = authenticate(request)
    const { listening, applied, trust: held = 0, dialsFrom } = checked(bodies.stream, request.body)
    trust.seen(name, held)
    publisher.seen(applied)
    // ahead of what was published: the state is an older one, and a version below his own would not move him
    const ahead = applied > publisher.version(name)
    register(id, { name, serial }, { listening, dialsFrom }, ahead ? [name] : [])
    let detach = () => {}
    const line = createLine(() => detach(), pingMs)
    detach = fleet.attach(name, line, serial)
    const greeting = trust.greeting(name)
    if (greeting) line.send(greeting)
    const desired = publisher.current(name)
    if (desired) line.send({ type: 'desired', desired })
    return reply.header('cache-control', 'no-store').type('application/x-ndjson').send(line.body)
  })

  type Place = { listening: Address; dialsFrom: string[] }
  const register = (
    who: string,
    { name, serial }: Pick<Caller, 'name' | 'serial'>,
    { listening, dialsFrom }: Place,
    again: string[],
  ): void => {
    const before = intent.addresses()[name]
    const moved = before?.host !== listening.host || before.port !== listening.port
    publisher.publish(() => {
      if (moved) intent.setAddress(name, listening)
      intent.setLastSerial(name, serial)
      intent.setSources(name, dialsFrom)
    }, again)
    if (moved) audit.note({ who, action: 'register', target: `${listening.host}:${listening.port}` })
  }

  app.post('/v1/ack', (request, reply) => {
    const { name } = authenticate(request)
    const { version, ok, error, drained } = checked(bodies.ack, request.body)
    const current = publisher.version(name)
    if (version > current)
      throw new HopError('ack-of-the-future', {
        field: 'version',
        expected: `at most ${current}`,
        found: String(version),
      })
    fleet.ack(name, { version, ok, drained, ...(error === undefined ? {} : { error }) })
    return reply.code(204).send()
  })

  app.post('/v1/trust-ack', (request, reply) => {
    const { name } = authenticate(request)
    const { error, ...taken } = checked(bodies.ack, request.body)
    trust.ack(name, { ...taken, ...(error === undefined ? {} : { error }) })
    return reply.code(204).send()
  })

  app.post<{ Params: { id: string } }>('/v1/report/:id', { bodyLimit: mostOfReport }, (request, reply) => {
    const { name } = authenticate(request)
    const observations = { ...checked(bodies.report, request.body), workload: name } as Observations
    if (!fleet.reported(name, request.params.id, observations)) throw unasked('report', request.params.id)
    return reply.code(204).send()
  })

  app.post<{ Params: { id: string } }>('/v1/metrics/:id', { bodyLimit: 8 * 1024 * 1024 }, (request, reply) => {
    const { name } = authenticate(request)
    const { text } = checked(bodies.metrics, request.body)
    if (!fleet.scraped(name, request.params.id, text)) throw unasked('metrics', request.params.id)
    return reply.code(204).send()
  })
}

const unasked = (field: string, id: string) =>
  new HopError('not-found', { field, expected: 'one that was asked for', found: id.slice(0, 40) })
