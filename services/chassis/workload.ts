import type { Socket } from 'node:net'
import { HopError } from '../../pki/error.ts'
import type { Connection } from './connections.ts'
import type { CredentialStore } from './credentials.ts'
import type { Desired, UpstreamSpec } from './desired.ts'
import { createEntrance } from './entrance.ts'
import { guarded } from './guarded.ts'
import { createHttpAcceptor } from './http.ts'
import type { HttpLimits } from './http-connection.ts'
import { createListener, type ListenerLimits, listenerLimits } from './listener.ts'
import { createLogShipper } from './log-shipper.ts'
import type { Observations } from './observation.ts'
import type { Call, Program, Site } from './program.ts'
import type { Telemetry } from './telemetry.ts'
import type { Address, Transport } from './transport.ts'
import { createUpstream, type ManagedUpstream, sameUpstream } from './upstream.ts'

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
  /** Raw header pairs of every refusal. */
  refusalHeaders?: readonly string[]
  /** See {@link createListener}: passthrough takes connections over before they are read. */
  takeOver?: (socket: Socket, desired: Desired) => Promise<void> | false
  limits?: WorkloadLimits
}

/** What a workload lets peers take, where it is not the usual (`listenerLimits`, `defaultLimits`). */
export type WorkloadLimits = { listener?: Partial<ListenerLimits>; http?: Partial<HttpLimits> }

/** One workload's data plane: what it is told to do, it does; what it sees, it remembers. */
export type Workload = {
  name: string
  listen(address?: Partial<Address>): Promise<Address>
  /** New connections and requests go by `desired` when this returns; resolves when nothing runs the old way any more. */
  apply(desired: Desired): Promise<void>
  /** After credentials or trust changed: upstreams reconnect; callers proven under older trust are asked to. */
  refresh(options: { trustChanged: boolean }): Promise<void>
  /** Closes at once every connection whose peer's certificate has one of these serials, and those still in their handshake. */
  expel(serials: ReadonlySet<string>): void
  observations(since: number): Observations
  close(): Promise<void>
}

/** An idle connection that may not stay is closed after this; an active one after its answer. */
const idleGraceMs = 150

/** So long is waited for handshakes under way, and for the first request of a connection that came just before a change. */
const lateGraceMs = 1_000

export const createWorkload = async (options: WorkloadOptions): Promise<Workload> => {
  const { name, credentials, telemetry, clock = Date.now, limits = {} } = options
  const upstreams = new Map<string, ManagedUpstream>()
  let desired: Desired | undefined
  let revoked: ReadonlySet<string> = new Set()
  let trustedSince = 0

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
    l7: () => desired?.l7,
    log: telemetry.log,
    clock,
  }

  const local: UpstreamSpec[] = options.app
    ? [{ link: `${name}:app`, callee: 'app', transport: 'plaintext', address: options.app, id: '', verify: false }]
    : []
  const program = await options.program(site)
  const refusalHeaders = options.refusalHeaders ?? []
  const publicNames = () => desired?.publicNames ?? []
  const shipper = createLogShipper({ credentials, telemetry })
  const entrance = createEntrance({
    telemetry: shipper.telemetry,
    rules: () => desired?.rules ?? [],
    publicNames,
    publicOnly: options.publicOnly ?? false,
    refusalHeaders,
    handler: guarded(program.handler, telemetry, refusalHeaders),
    clock,
  })
  const http = createHttpAcceptor({ onRequest: entrance, telemetry, limits: limits.http ?? {}, refusalHeaders })
  const listener = createListener({
    credentials,
    telemetry,
    trustDomain: options.trustDomain,
    publicOnly: options.publicOnly ?? false,
    protocols: options.publicOnly ? ['h2', 'http/1.1'] : ['http/1.1'],
    proxyTrust: () => desired?.proxyProtocol,
    takeOver: socket => (desired && options.takeOver?.(socket, desired)) || false,
    admit,
    limits: { ...listenerLimits, ...limits.listener },
  })

  // A handshake may have begun before a revocation, a change of trust or of what is accepted, and ended after it.
  function admit(socket: Socket, connection: Connection): void {
    if (connection.peer.kind === 'authenticated' && revoked.has(connection.peer.serial)) return void socket.destroy()
    http.accept(socket, connection)
    if (isOutdated(connection) || !mayStay(connection)) http.drain(socket, lateGraceMs)
  }

  const mayStay = (connection: Connection) => qualifies(connection, listener.accepts(), publicNames())

  const isOutdated = ({ transport, generation }: Connection) => transport === 'mtls' && generation < trustedSince

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
      shipper.shipTo(next.logsTo)
      const wanted = [...local, ...next.upstreams]
      const callersMoved = applyUpstreams(wanted)
      const leaves = (connection: Connection) => !mayStay(connection)
      await Promise.all([drain(leaves), listener.handshakesOver(lateGraceMs), callersMoved])
      await listener.connections.gone(leaves)
      if (desired !== next) return
      await dropUpstreams(wanted)
      for (const { name: held, kind } of credentials.held())
        if (kind === 'public' && !next.publicNames.includes(held)) credentials.dropPublic(held)
    },
    async refresh({ trustChanged }) {
      if (trustChanged) trustedSince = credentials.generation()
      const callersMoved = Promise.all(
        [...upstreams.values()].filter(u => u.spec().transport !== 'plaintext').map(u => u.replace(u.spec())),
      )
      if (trustChanged) await drain(isOutdated)
      await callersMoved
    },
    expel(serials) {
      revoked = serials
      for (const { peer, socket } of listener.connections.all())
        if (peer.kind === 'authenticated' && serials.has(peer.serial)) socket.destroy()
    },
    observations(since) {
      const l7 = program.l7?.()
      return { ...telemetry.observations(since, credentials.held()), ...(l7 ? { l7 } : {}) }
    },
    async close() {
      await listener.close()
      await http.close()
      await Promise.all(
        [shipper, ...upstreams.values()].map(each => ('destroy' in each ? each.destroy() : each.close())),
      )
      await program.close()
    },
  }
}

/** May a connection stay: is its transport accepted, and the public name it asked for (if one) still served here? */
const qualifies = (connection: Connection, accepts: readonly Transport[], publicNames: readonly string[]): boolean =>
  accepts.includes(connection.transport) && (!connection.publicName || publicNames.includes(connection.publicName))
