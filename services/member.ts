import type { DestinationStream } from 'pino'
import { type Agent, startAgent } from './chassis/agent.ts'
import { createControlClient } from './chassis/control-client.ts'
import { createCredentials } from './chassis/credentials.ts'
import type { Program } from './chassis/program.ts'
import { createLog, createTelemetry } from './chassis/telemetry.ts'
import type { Address } from './chassis/transport.ts'
import { createWorkload, type WorkloadLimits } from './chassis/workload.ts'
import { createEdge, hsts } from './edge/edge.ts'
import type { HelloLimits } from './edge/hello.ts'
import { createPassthrough } from './edge/passthrough.ts'
import type { Rate } from './edge/rate-limit.ts'
import { type ProgramName, programs } from './programs.ts'
import { type LegacyApp, startLegacyApp } from './sidecar/legacy-app.ts'
import type { Topology } from './topology.ts'
import { callsOf } from './topology-calls.ts'

export type MemberOptions = {
  topology: Topology
  name: string
  /** Roots to trust before enrolment: what came with the join token. */
  bundle: string[]
  listen?: Partial<Address>
  clock?: () => number
  logTo?: DestinationStream
  rate?: Rate
  limits?: MemberLimits
}

/** What peers may take of a workload, and of the edge until their ClientHello is read. Absent: the usual. */
export type MemberLimits = WorkloadLimits & { hello?: HelloLimits }

/** One workload of a topology: listening from the start, a member of the mesh once it has joined. */
export type Member = {
  name: string
  address: Address
  /** Enrols with a one-time token and follows the control plane from then on. */
  join(control: Address, joinToken: string): Promise<void>
  close(): Promise<void>
}

/** Starts the program the topology gives a workload, on the chassis; for a legacy one the program, and its sidecar in front. */
export const startMember = async (options: MemberOptions): Promise<Member> => {
  const { topology, name, clock = Date.now } = options
  const spec = topology.workloads[name]!
  const { trustDomain } = topology
  const log = createLog(name, options.logTo)
  const telemetry = createTelemetry(name, log)
  const credentials = createCredentials({ trust: { bundle: options.bundle, crl: [] }, clock })
  const calls = callsOf(topology, name)
  const isEdge = spec.program === 'edge'
  const program = isEdge
    ? createEdge(options.rate ? { rate: options.rate } : {})
    : await load(spec.legacy ? 'sidecar' : spec.program)

  let app: LegacyApp | undefined
  if (spec.legacy) {
    const none = () => {
      throw new Error('a legacy application calls nobody')
    }
    app = await startLegacyApp(await load(spec.program), {
      name,
      upstream: none,
      upstreams: () => [],
      calls: [],
      log,
      clock,
    })
  }
  const workload = await createWorkload({
    name,
    trustDomain,
    program,
    calls,
    credentials,
    telemetry,
    clock,
    publicOnly: isEdge,
    ...(isEdge ? { refusalHeaders: hsts } : {}),
    ...(options.limits ? { limits: options.limits } : {}),
    ...(app ? { app: app.address } : {}),
    ...(isEdge ? { takeOver: createPassthrough(telemetry, options.limits?.hello) } : {}),
  })
  const address = await workload.listen(options.listen)
  let agent: Agent | undefined

  return {
    name,
    address,
    async join(control, joinToken) {
      const client = createControlClient({ workload: name, trustDomain, control, credentials, telemetry })
      await client.enrol(joinToken)
      agent = startAgent({ workload, control: client, credentials, telemetry, listening: address, clock })
    },
    async close() {
      await agent?.close()
      await workload.close()
      await app?.close()
    },
  }
}

const load = (program: string): Promise<Program> => programs[program as ProgramName]()
