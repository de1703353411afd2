import type { DestinationStream } from 'pino'
import { createLog } from '../services/chassis/telemetry.ts'
import type { Address } from '../services/chassis/transport.ts'
import { createOperatorServer } from '../services/control/api/operator-server.ts'
import type { Lifetimes } from '../services/control/certificates/issuer.ts'
import { type Control, createControl } from '../services/control/control.ts'
import { startRedirect } from '../services/edge/redirect.ts'
import { clientLink, linkIds } from '../services/hops.ts'
import type { Rate } from '../services/l7/rate-limit.ts'
import { type Member, type MemberLimits, startMember } from '../services/member.ts'
import type { Mode } from '../services/modes.ts'
import type { Topology } from '../services/topology/topology.ts'
import { registerWireApi } from '../services/wire/api.ts'
import { createWire } from '../services/wire/wire.ts'
import { reviveLapsed } from './revival.ts'

export type EmbeddedOptions = {
  topology: Topology
  stateDir: string
  mode: Mode
  /** A tap on every link. Without it callers dial callees directly and nothing on the wire can be shown. */
  wire?: boolean
  /** Ports people type; everything else takes what is free. */
  ports?: { operator?: number; edge?: number; redirect?: number }
  clock?: () => number
  logTo?: DestinationStream
  lifetimes?: Partial<Lifetimes>
  rate?: Rate
  limits?: MemberLimits
  /** How often it is looked whether a certificate ran out, ms; see {@link reviveLapsed}. */
  reviveEveryMs?: number
}

/** How to reach a running lab: all that a client of it needs. */
export type LabAccess = {
  /** Base URLs of the operator API and of the wire's; the wire's is null when it is off. */
  operator: string
  wire: string | null
  token: string
  /** Where workloads enrol. */
  control: Address
  /** Where the public client dials, and the plaintext door beside it. */
  edge: Address
  redirect: Address
}

export type EmbeddedLab = { access: LabAccess; close(): Promise<void> }

/**
 * The whole lab in one process, on loopback: control plane, every workload, the taps. Each part is what a container
 * runs too, with its own keys, listener and stream. Resolves when all have enrolled and did what they were told.
 */
export const startEmbedded = async (options: EmbeddedOptions): Promise<EmbeddedLab> => {
  const { topology, stateDir, mode, clock = Date.now, ports = {} } = options
  const closing: (() => Promise<unknown>)[] = []
  // one part that does not end well must not keep the others open
  const close = async () => {
    const failures: unknown[] = []
    for (const end of closing.splice(0).reverse()) await end().catch(error => failures.push(error))
    if (failures.length > 0) throw failures[0]
  }
  try {
    const log = createLog('control', options.logTo)
    const members = new Map<string, Member>()
    const control: Control = createControl({
      stateDir,
      topology,
      initialMode: mode,
      clock,
      log,
      ...(options.lifetimes ? { lifetimes: options.lifetimes } : {}),
      ...(options.rate ? { rate: options.rate } : {}),
      ...(ports.operator ? { operatorPort: ports.operator } : {}),
      rejoin: (name, joinToken) => members.get(name)!.join(control.workloadAddress(), joinToken()),
    })
    closing.push(() => control.close())
    await control.start()
    const { operations, operatorToken: token } = control

    for (const name of Object.keys(topology.workloads)) {
      const isEdge = name === topology.ingress.edge
      const member = await startMember({
        topology,
        name,
        bundle: control.bootstrap,
        clock,
        ...(options.logTo ? { logTo: options.logTo } : {}),
        ...(options.limits ? { limits: options.limits } : {}),
        ...(isEdge && ports.edge && options.wire === false ? { listen: { port: ports.edge } } : {}),
      })
      members.set(name, member)
      closing.push(() => member.close())
    }

    const edge = members.get(topology.ingress.edge)!
    let front = edge.address
    let wireUrl: string | null = null
    if (options.wire !== false) {
      const wire = createWire()
      closing.push(() => wire.close())
      const routes: Record<string, Address> = {}
      for (const link of linkIds(topology)) {
        const callee = members.get(link.split(':')[1]!)!
        const listen =
          link === clientLink(topology).id && ports.edge ? { host: '127.0.0.1', port: ports.edge } : undefined
        const tap = await wire.add({ link, target: () => callee.address, ...(listen ? { listen } : {}) })
        routes[link] = tap.address
      }
      front = routes[clientLink(topology).id]!
      await operations.setRoutes(routes)
      const server = await createOperatorServer({
        token,
        log,
        clock,
        plugins: [async app => registerWireApi(app as unknown as Parameters<typeof registerWireApi>[0], wire)],
      })
      wireUrl = await server.listen({ host: '127.0.0.1', port: 0 })
      closing.push(() => server.close())
    } else await operations.setRoutes({})

    const redirect = await startRedirect({
      serverName: topology.ingress.serverName,
      httpsPort: () => front.port,
      ...(ports.redirect ? { port: ports.redirect } : {}),
    })
    closing.push(() => redirect.close())

    await Promise.all(
      [...members.values()].map(member =>
        member.join(control.workloadAddress(), operations.joinToken(member.name, 'the lab starts')),
      ),
    )
    await operations.settled(AbortSignal.timeout(15_000))
    closing.push(reviveLapsed({ members, operations, clock, log, everyMs: options.reviveEveryMs }))
    return {
      access: {
        operator: urlOf(control.operatorAddress()),
        wire: wireUrl,
        token,
        control: control.workloadAddress(),
        edge: front,
        redirect: redirect.address,
      },
      close,
    }
  } catch (error) {
    await close().catch(() => {})
    throw error
  }
}

const urlOf = ({ host, port }: Address): string => `http://${host}:${port}`
