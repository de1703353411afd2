import type { Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import type { About } from './about.ts'
import { createCallers, toldGraceMs } from './callers.ts'
import type { Connection } from './connections.ts'
import type { CredentialStore } from './credentials.ts'
import type { Desired, UpstreamSpec } from './desired.ts'
import { createEntrance } from './entrance.ts'
import { guarded } from './guarded.ts'
import { createHttpAcceptor } from './http.ts'
import type { HttpLimits } from './http-connection.ts'
import { createInspection } from './inspection.ts'
import { createListener, type ListenerLimits, listenerLimits } from './listener.ts'
import { createLogShipper } from './log-shipper.ts'
import type { Observations } from './observation.ts'
import { createOutlived } from './outlived.ts'
import type { Endpoint, IsRelay } from './peers.ts'
import type { Call, Program, Site } from './program.ts'
import { qualifies } from './qualifies.ts'
import type { Telemetry } from './telemetry.ts'
import { usualTls } from './tls-suites.ts'
import type { Address } from './transport.ts'
import { describeTrust } from './trust-held.ts'
import { createTrustLoss } from './trust-loss.ts'
import { createUpstreams, noUpstream } from './upstreams.ts'

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
  /** Reads whom a ClientHello asks for and puts it back; see {@link createListener}. */
  peekServerName?: (socket: Socket) => Promise<string | undefined>
  /** Towards the public only: shows public names' certificates, offers HTTP/2, asks nobody for a certificate. */
  publicOnly?: boolean
  /** Raw header pairs of every refusal. */
  refusalHeaders?: readonly string[]
  /** See {@link createListener}: passthrough takes connections over before they are read. */
  takeOver?: (socket: Socket, desired: Desired, peer: Endpoint) => Promise<void> | false
  /** See {@link createListener}: the relay that its callers come through. */
  isRelay?: IsRelay | undefined
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
  /**
   * After our own certificate changed: upstreams reconnect. `trustChanged`: nothing that was judged before counts, and
   * callers are asked to as well; more urgently where they were not `told` to by anybody else.
   */
  refresh(options: { trustChanged: boolean; told?: boolean }): Promise<void>
  /** After trust changed: whose chain it does not bear any more leaves, and nobody else. Resolves when they have. */
  judgeAnew(): Promise<void>
  /** Closes at once every connection whose peer's certificate has one of these serials, and those still in their handshake. */
  expel(serials: ReadonlySet<string>): void
  /** `about`: of this request or trace only, whenever it was. */
  observations(since: number, about?: About): Observations
  /** Takes no new caller, answers those it has, and asks them to leave. Resolves when none is left, or after `mostMs`. */
  leave(mostMs: number): Promise<void>
  close(): Promise<void>
}

/** So long is waited for handshakes under way, and for the first request of a connection that came just before a change. */
const lateGraceMs = 1_000

export const createWorkload = async (options: WorkloadOptions): Promise<Workload> => {
  const { name, credentials, telemetry, clock = Date.now, limits = {} } = options
  const inspect = createInspection(credentials, clock)
  const upstreams = createUpstreams({ credentials, telemetry, clock, inspect })
  let desired: Desired | undefined
  let revoked: ReadonlySet<string> = new Set()

  const site: Site = {
    name,
    upstream(callee) {
      const upstream = upstreams.get(callee)
      if (!upstream) throw noUpstream(callee, upstreams.all())
      return upstream
    },
    upstreams: upstreams.all,
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
  })
  const http = createHttpAcceptor({ onRequest: entrance, telemetry, limits: limits.http ?? {}, refusalHeaders })
  const listener = createListener({
    credentials,
    telemetry,
    trustDomain: options.trustDomain,
    publicOnly: options.publicOnly ?? false,
    protocols: options.publicOnly ? ['h2', 'http/1.1'] : ['http/1.1'],
    proxyTrust: () => desired?.proxyProtocol,
    takeOver: (socket, peer) => (desired && options.takeOver?.(socket, desired, peer)) || false,
    isRelay: options.isRelay,
    admit,
    inspect,
    ...(options.peekServerName ? { peekServerName: options.peekServerName } : {}),
    limits: { ...listenerLimits, ...limits.listener },
  })

  // A handshake may have begun before a revocation, a change of trust or of what is accepted, and ended after it.
  function admit(socket: Socket, connection: Connection): void {
    if (connection.peer.kind === 'authenticated' && revoked.has(connection.peer.serial)) return void socket.destroy()
    http.accept(socket, connection)
    callers.admitted(connection)
    if (outlived.admitted(connection) || !mayStay(connection)) http.drain(socket, lateGraceMs)
  }

  const mayStay = (connection: Connection) => qualifies(connection, listener.accepts(), publicNames(), desired?.tls)

  const callers = createCallers(listener.connections, http, clock)
  const trustLoss = createTrustLoss(credentials, vouched => {
    callers.cut((caller, { transport }) => transport === 'mtls' && !vouched(caller))
    upstreams.cut(callee => !vouched(callee))
  })
  const outlived = createOutlived({ credentials, inspect, vouched: trustLoss.vouched, open: listener.connections.all })
  // a rotation does not wait for the public
  const provenAndOutlived = (connection: Connection) => connection.transport === 'mtls' && outlived.has(connection)

  return {
    name,
    listen: address => listener.listen(address),
    async apply(next) {
      desired = next
      telemetry.keepKeyLog(next.keyLog)
      credentials.setTls(next.tls ?? usualTls)
      listener.setAccepts(next.accepts)
      shipper.shipTo(next.logsTo)
      const wanted = [...local, ...next.upstreams]
      const callersMoved = upstreams.apply(wanted)
      const leaves = (connection: Connection) => !mayStay(connection)
      await Promise.all([callers.drain(leaves), listener.handshakesOver(lateGraceMs), callersMoved])
      await listener.connections.gone(leaves)
      if (desired !== next) return
      await upstreams.keepOnly(wanted)
      for (const { name: held, kind } of credentials.held())
        if (kind === 'public' && !next.publicNames.includes(held)) credentials.dropPublic(held)
    },
    async refresh({ trustChanged, told = true }) {
      if (trustLoss.look()) outlived.judge(true)
      if (trustChanged) outlived.everybody()
      const upstreamsRenewed = upstreams.renew()
      callers.lookAtExpiry()
      upstreams.lookAtExpiry()
      void callers.drain(outlived.has, told ? toldGraceMs : undefined)
      await Promise.all([listener.connections.gone(provenAndOutlived), upstreamsRenewed])
    },
    async judgeAnew() {
      const caLost = trustLoss.look()
      outlived.judge(caLost)
      void callers.drain(outlived.has, toldGraceMs)
      // a handshake with a callee may have begun under what is lost
      const calleesLeft = caLost ? upstreams.renew() : upstreams.leave(callee => inspect(callee) !== undefined)
      await Promise.all([caLost && listener.handshakesOver(lateGraceMs), calleesLeft])
      await listener.connections.gone(provenAndOutlived)
    },
    expel(serials) {
      revoked = serials
      callers.cut((_, { peer }) => peer.kind === 'authenticated' && serials.has(peer.serial))
      upstreams.cut(({ serialNumber }) => serials.has(serialNumber.toLowerCase()))
    },
    observations(since, about) {
      const held = credentials.held()
      const l7 = program.l7?.()
      return {
        ...(about === undefined ? telemetry.observations(since, held) : telemetry.about(about, held)),
        clock: new Date(clock()).toISOString(),
        trust: describeTrust(credentials.trustHeld()),
        ...(l7 ? { l7 } : {}),
      }
    },
    async leave(mostMs) {
      listener.takeNoMore()
      const enough = new AbortController()
      // nobody told the callers: an idle one is closed only when a request of his would have been here by now
      const gone = callers.drain(() => true, toldGraceMs)
      await Promise.race([gone, wait(mostMs, undefined, { signal: enough.signal }).catch(() => {})])
      enough.abort()
    },
    async close() {
      trustLoss.close()
      callers.close()
      await listener.close()
      await http.close()
      await Promise.all([shipper.close(), upstreams.destroy()])
      await program.close()
    },
  }
}
