import type { Socket } from 'node:net'
import type { DestinationStream } from 'pino'
import { spiffeId } from '../pki/spiffe.ts'
import type { About } from './chassis/about.ts'
import { type Agent, startAgent } from './chassis/agent.ts'
import type { ConnectionsKept } from './chassis/connection-memory.ts'
import { createControlClient } from './chassis/control-client.ts'
import { createCredentials } from './chassis/credentials.ts'
import { createMetrics } from './chassis/metrics.ts'
import type { HeldCertificate } from './chassis/observation.ts'
import { createOwnClock } from './chassis/own-clock.ts'
import type { IsRelay } from './chassis/peers.ts'
import type { Program } from './chassis/program.ts'
import { createSpanExport } from './chassis/span-export.ts'
import { createLog, createTelemetry } from './chassis/telemetry.ts'
import type { Address } from './chassis/transport.ts'
import { createWorkload, type WorkloadLimits } from './chassis/workload.ts'
import { edge, hsts } from './edge/edge.ts'
import { type HelloLimits, peekClientHello } from './edge/hello.ts'
import { machineAddresses, ownAddress } from './edge/own-address.ts'
import { createPassthrough } from './edge/passthrough.ts'
import { createAssertions } from './l7/assertion.ts'
import { withL7 } from './l7/mount.ts'
import { createTokenCheck } from './l7/tokens.ts'
import { startRun } from './program-code.ts'
import { type ProgramName, programs } from './programs.ts'
import { startSidecarApart } from './sidecar/apart.ts'
import { startBehindSidecar } from './sidecar/behind-sidecar.ts'
import { callsOf } from './topology/calls.ts'
import type { Topology } from './topology/topology.ts'

export type MemberOptions = {
  topology: Topology
  name: string
  /** Roots to trust before enrolment: what came with the join token. */
  bundle: string[]
  listen?: Partial<Address>
  /** As others reach it, where that is not what it listens on: in a container, which listens on all of its networks. */
  reachedAs?: Partial<Address> | undefined
  /** See {@link createListener}: the relay that its callers come through. */
  isRelay?: IsRelay | undefined
  clock?: () => number
  logTo?: DestinationStream
  limits?: MemberLimits
  /** A workload behind a sidecar: where its application is that runs by itself; see `startSidecarApart`. */
  applicationAt?: Address
  /** See `AgentOptions`. */
  enrolAnew?: (reason: string) => void
  /** Where it sends its spans over OTLP/HTTP; absent: nowhere. */
  tracesTo?: string | undefined
}

/** What peers may take of a workload, of the edge until their ClientHello is read, and of its memory. Absent: the usual. */
export type MemberLimits = WorkloadLimits & { hello?: HelloLimits; remembered?: ConnectionsKept }

/** One workload of a topology: listening from the start, a member of the mesh once it has joined. */
export type Member = {
  name: string
  address: Address
  /**
   * Enrols with a one-time token and follows the control plane from then on; a second time it begins anew. `roots`: see
   * `ControlClient.enrol`.
   */
  join(control: Address, joinToken: string, roots?: string[]): Promise<void>
  /** Its own certificate; undefined before it has joined. */
  certificate(): Pick<HeldCertificate, 'serial' | 'notAfter'> | undefined
  /** See `Workload.leave`. */
  leave(mostMs: number): Promise<void>
  close(): Promise<void>
}

/** Starts the program the topology gives a workload, on the chassis; or in plaintext, and its sidecar in front. */
export const startMember = async (options: MemberOptions): Promise<Member> => {
  const { topology, name } = options
  const { now: clock, shift: shiftClock } = createOwnClock(options.clock)
  const spec = topology.workloads[name]!
  const { trustDomain } = topology
  const id = spiffeId(trustDomain, name)
  const log = createLog(name, options.logTo)
  const spans =
    options.tracesTo === undefined ? undefined : await createSpanExport(name, topology.name, options.tracesTo)
  const metrics = createMetrics(topology.name)
  const telemetry = metrics.measured(createTelemetry(name, log, spans?.send, options.limits?.remembered))
  spans?.tell(telemetry)
  const credentials = createCredentials({ trust: { bundle: options.bundle, crl: [] }, id, clock })
  const calls = callsOf(topology, name)
  const isEdge = spec.program === 'edge'
  const program = isEdge ? edge : await load(spec.program)
  const run = { program: startRun(spec.program, clock) }
  const { applicationAt } = options
  const apart =
    spec.sidecar && applicationAt
      ? await startSidecarApart({ name, calls, trustDomain, credentials, telemetry, at: applicationAt })
      : undefined
  const together = { name, calls, clock, trustDomain, program, credentials, telemetry }
  const behind = apart ?? (spec.sidecar ? await startBehindSidecar(together) : undefined)
  let lost: ReadonlySet<string> = new Set()
  const assertions = createAssertions({ credentials, trustDomain, clock, revoked: serial => lost.has(serial) })
  const dialFrom = isEdge ? await ownAddress(`${trustDomain}/${name}`, options.listen?.host) : undefined
  const workload = await createWorkload({
    name,
    trustDomain,
    program: withL7(behind?.sidecar ?? program, {
      ...(isEdge ? { refusalHeaders: hsts } : {}),
      checks: () => [createTokenCheck(assertions, clock)],
    }),
    calls,
    credentials,
    telemetry,
    clock,
    publicOnly: isEdge,
    ...(isEdge ? { refusalHeaders: hsts } : {}),
    ...(options.limits ? { limits: options.limits } : {}),
    ...(behind ? { app: behind.application } : {}),
    isRelay: options.isRelay,
    peekServerName: peekServerName(options.limits?.hello),
    ...(isEdge ? { takeOver: createPassthrough({ telemetry, limits: options.limits?.hello ?? {}, dialFrom }) } : {}),
  })
  const listening = await workload.listen(options.listen)
  const address = { ...listening, ...options.reachedAs }
  if (isEdge && !dialFrom && listening.host.startsWith('127.'))
    log.warn({ host: listening.host }, 'no address of its own to dial from: who else is here can pass for this edge')
  const dialsFrom = dialFrom ? [dialFrom] : isEdge ? machineAddresses(options.listen?.host) : []
  let agent: Agent | undefined
  let joined: Promise<unknown> = Promise.resolve()

  return {
    name,
    address,
    certificate: () => credentials.held().find(({ kind }) => kind === 'workload'),
    join(control, joinToken, roots) {
      // who is told twice at once begins anew twice, one time after the other
      const joining = joined.then(() => begin(control, joinToken, roots))
      joined = joining.catch(() => {})
      return joining
    },
    leave: workload.leave,
    async close() {
      await agent?.close()
      await workload.close()
      await behind?.close()
      await spans?.close()
    },
  }

  async function begin(control: Address, joinToken: string, roots?: string[]): Promise<void> {
    const client = createControlClient({ workload: name, trustDomain, control, credentials, telemetry })
    await client.enrol(joinToken, roots).catch(async error => {
      await client.close()
      throw error
    })
    const before = agent
    await before?.close()
    const observed = {
      ...workload,
      expel(serials: ReadonlySet<string>) {
        lost = serials
        workload.expel(serials)
      },
    }
    const observe = async (since: number, about?: About) => {
      const own = apart ? await apart.account() : run
      return { ...workload.observations(since, about), ...own }
    }
    const { enrolAnew } = options
    // its callers and callees must not go on with what the old certificate proved; nobody told them
    const seenOff = before ? workload.refresh({ trustChanged: true, told: false }) : undefined
    seenOff?.catch(() => {})
    const following = { workload: observed, control: client, credentials, telemetry, clock, shiftClock, seenOff }
    agent = startAgent({
      ...{ ...following, metrics, listening: address, dialsFrom, observe },
      ...(enrolAnew ? { enrolAnew } : {}),
    })
  }
}

const peekServerName =
  (limits: HelloLimits = {}) =>
  async (socket: Socket) =>
    (await peekClientHello(socket, limits)).serverName?.toString('latin1')

/** The program of that name. */
export const load = (program: string): Promise<Program> => programs[program as ProgramName]()
