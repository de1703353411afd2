import type { Socket } from 'node:net'
import { HopError } from '../../pki/error.ts'
import type { CredentialStore } from './credentials.ts'
import type { Desired, UpstreamSpec } from './desired.ts'
import { createEntrance } from './entrance.ts'
import { createHttpAcceptor } from './http.ts'
import { createListener } from './listener.ts'
import type { Observations } from './observation.ts'
import type { Call, Program, Site } from './program.ts'
import type { Telemetry } from './telemetry.ts'
import type { Address } from './transport.ts'
import { createUpstream, type ManagedUpstream } from './upstream.ts'

export type WorkloadOptions = {
  name: string
  trustDomain: string
  program: Program
  calls: readonly Call[]
  credentials: CredentialStore
  telemetry: Telemetry
  clock?: () => number
  /** A sidecar's application: an upstream on loopback that is always there, whatever the control plane says. */
  app?: Address
  /** Towards the public only: shows public names' certificates, offers HTTP/2, asks nobody for a certificate. */
  publicOnly?: boolean
  /** See {@link createListener}: passthrough takes connections over before they are read. */
  takeOver?: (socket: Socket, desired: Desired) => boolean
}

/** One workload's data plane: what it is told to do, it does; what it sees, it remembers. */
export type Workload = {
  name: string
  listen(address?: Partial<Address>): Promise<Address>
  /** New connections and requests go by `desired` when this returns; resolves when nothing runs the old way any more. */
  apply(desired: Desired): Promise<void>
  /** After credentials or trust changed: upstreams reconnect; callers proven under older trust are asked to. */
  refresh(options: { trustChanged: boolean }): Promise<void>
  /** Closes at once every connection whose peer's certificate has one of these serials. */
  expel(serials: ReadonlySet<string>): void
  observations(since: number): Observations
  close(): Promise<void>
}

/** An idle connection that may not stay is closed after this; an active one after its answer. */
const idleGraceMs = 150

export const createWorkload = async (options: WorkloadOptions): Promise<Workload> => {
  const { name, credentials, telemetry, clock = Date.now } = options
  const upstreams = new Map<string, ManagedUpstream>()
  let desired: Desired | undefined

  const site: Site = {
    name,
    upstream(callee) {
      const upstream = upstreams.get(callee)
      if (!upstream)
        throw new HopError('no-upstream', {
          field: 'upstream',
          expected: [...upstreams.keys()].join(', '),
          found: callee,
        })
      return upstream
    },
    upstreams: () => [...upstreams.values()],
    calls: options.calls,
    log: telemetry.log,
    clock,
  }

  const local: UpstreamSpec[] = options.app
    ? [{ link: `${name}:app`, callee: 'app', transport: 'plaintext', address: options.app, id: '', verify: false }]
    : []
  const program = await options.program(site)
  const publicNames = () => desired?.publicNames ?? []
  const entrance = createEntrance({
    telemetry,
    rules: () => desired?.rules ?? [],
    publicNames,
    publicOnly: options.publicOnly ?? false,
    handler: program.handler,
    clock,
  })
  const http = createHttpAcceptor({ onRequest: entrance, telemetry })
  const listener = createListener({
    credentials,
    telemetry,
    trustDomain: options.trustDomain,
    publicOnly: options.publicOnly ?? false,
    protocols: options.publicOnly ? ['h2', 'http/1.1'] : ['http/1.1'],
    takeOver: socket => (desired && options.takeOver?.(socket, desired)) || false,
    admit: (socket, connection) => http.accept(socket, connection),
  })

  const drain = async (leaves: Parameters<typeof listener.connections.gone>[0]) => {
    for (const { socket } of listener.connections.all().filter(leaves)) http.drain(socket, idleGraceMs)
    await listener.connections.gone(leaves)
  }

  const applyUpstreams = (specs: readonly UpstreamSpec[]): Promise<unknown> => {
    const drained: Promise<void>[] = []
    for (const spec of specs) {
      const known = upstreams.get(spec.callee)
      if (!known) upstreams.set(spec.callee, createUpstream({ spec, credentials, telemetry }))
      else if (!sameUpstream(known.spec(), spec)) drained.push(known.replace(spec))
    }
    return Promise.all(drained)
  }

  const dropUpstreams = (kept: readonly UpstreamSpec[]) =>
    Promise.all(
      [...upstreams]
        .filter(([callee]) => !kept.some(spec => spec.callee === callee))
        .map(([callee, upstream]) => {
          upstreams.delete(callee)
          return upstream.close()
        }),
    )

  return {
    name,
    listen: address => listener.listen(address),
    async apply(next) {
      desired = next
      telemetry.keepKeyLog(next.keyLog)
      listener.setAccepts(next.accepts)
      const wanted = [...local, ...next.upstreams]
      const callersMoved = applyUpstreams(wanted)
      await drain(connection => !listener.accepts().includes(connection.transport))
      await callersMoved
      if (desired !== next) return
      await dropUpstreams(wanted)
      for (const { name: held, kind } of credentials.held())
        if (kind === 'public' && !next.publicNames.includes(held)) credentials.dropPublic(held)
    },
    async refresh({ trustChanged }) {
      const generation = credentials.generation()
      const callersMoved = Promise.all(
        [...upstreams.values()].filter(u => u.spec().transport !== 'plaintext').map(u => u.replace(u.spec())),
      )
      if (trustChanged) await drain(c => c.transport === 'mtls' && c.generation < generation)
      await callersMoved
    },
    expel(serials) {
      for (const { peer, socket } of listener.connections.all())
        if (peer.kind === 'authenticated' && serials.has(peer.serial)) socket.destroy()
    },
    observations: since => telemetry.observations(since, credentials.held()),
    async close() {
      await listener.close()
      await http.close()
      await Promise.all([...upstreams.values()].map(upstream => upstream.close()))
      await program.close()
    },
  }
}

const sameUpstream = (a: UpstreamSpec, b: UpstreamSpec): boolean =>
  a.transport === b.transport &&
  a.address.host === b.address.host &&
  a.address.port === b.address.port &&
  a.id === b.id &&
  a.verify === b.verify &&
  a.link === b.link
