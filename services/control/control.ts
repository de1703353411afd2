import { randomBytes } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import type { FastifyPluginAsync } from 'fastify'
import type { Logger } from 'pino'
import type { Address } from '../chassis/transport.ts'
import type { Rate } from '../l7/rate-limit.ts'
import type { Mode } from '../modes.ts'
import type { Topology } from '../topology/topology.ts'
import { breakGlassRoutes } from './api/break-glass-routes.ts'
import { certificateRoutes } from './api/certificate-routes.ts'
import { operatorApi } from './api/operator-api.ts'
import { createOperatorServer } from './api/operator-server.ts'
import { revocationRoutes } from './api/revocation-routes.ts'
import { rotationRoutes } from './api/rotation-routes.ts'
import type { SecretOf } from './certificates/bootstrap.ts'
import { createCertification } from './certificates/certification.ts'
import { keepListsFresh } from './certificates/crl-upkeep.ts'
import type { Lifetimes } from './certificates/issuer.ts'
import { rejoinBySecret } from './certificates/rejoin.ts'
import type { Rejoin } from './certificates/revocation.ts'
import { createRotation } from './certificates/rotation.ts'
import { createUserTokens } from './certificates/user-tokens.ts'
import { createFleet } from './fleet.ts'
import { createOperations, type Operations } from './operations.ts'
import { createBreakGlass } from './rollout/break-glass.ts'
import { createPublisher } from './rollout/publisher.ts'
import { createRollout } from './rollout/rollout.ts'
import { defaultSwitches } from './rollout/switches.ts'
import { openStore } from './state/store.ts'
import { openWorkloadDoor } from './workload-door.ts'

export type ControlOptions = {
  /** Made 0700 when missing; see {@link openStore} for what is refused. */
  stateDir: string
  topology: Topology
  /** The mode of a new state; an existing one knows its own. */
  initialMode: Mode
  clock: () => number
  log: Logger
  lifetimes?: Partial<Lifetimes>
  /** Where both servers listen; loopback unless a container's network is the border. */
  host?: string
  workloadPort?: number
  operatorPort?: number
  /** Where the operator API listens, if elsewhere: a name or address of one of several networks. */
  operatorHost?: string
  /** See `guardOperator`. */
  operatorNames?: readonly string[]
  /** The operator port as people reach it, where that differs. */
  publishedPort?: number
  operatorToken?: string
  /** How much one client may ask of the edge; absent: the usual. */
  rate?: Rate
  /** Mounted behind the operator's guard. */
  operatorPlugins?: FastifyPluginAsync[]
  /** How a workload within reach enrols anew; absent: by its bootstrap secret, if it has one. */
  rejoin?: Rejoin
  /** Secrets by which workloads come in by themselves; absent: nobody has one. */
  secretOf?: SecretOf
  ackTimeoutMs?: number
  reportTimeoutMs?: number
  pingMs?: number
}

/** The control plane of one lab: authority, desired state, rollout, and the two APIs. */
export type Control = {
  start(): Promise<void>
  /** Addresses throw before `start`. */
  workloadAddress(): Address
  operatorAddress(): Address
  operatorToken: string
  /** The roots, PEM: what a workload must hold before it can enrol. */
  bootstrap: string[]
  /** Called whenever trust was given out: the roots may be others now. What it throws keeps nobody from being told. */
  onTrust(listener: () => void): void
  operations: Operations
  close(): Promise<void>
}

const hour = 3_600_000
const defaultLifetimes: Lifetimes = { workloadMs: hour, publicMs: hour, joinTokenMs: 600_000, crlMs: 24 * hour }

/** Opens the state. Throws what {@link openStore} and the authority throw; nothing listens before `start`. */
export const createControl = (options: ControlOptions): Control => {
  const { topology, clock, log, ackTimeoutMs = 10_000, reportTimeoutMs = 2000, pingMs = 5000 } = options
  const lifetimes = { ...defaultLifetimes, ...options.lifetimes }
  const operatorToken = options.operatorToken ?? randomBytes(32).toString('base64url')
  const store = openStore({ ...options, joinTokenMs: lifetimes.joinTokenMs })
  const closing: (() => unknown)[] = []
  const fleet = createFleet()
  const userTokens = createUserTokens(store.intent, topology.trustDomain, clock)
  const publisher = createPublisher(topology, store, fleet, defaultSwitches(topology, options.rate), userTokens)
  const { switches } = publisher
  const { secretOf = () => undefined } = options
  const certification = createCertification({ store, topology, fleet, switches, clock, lifetimes, secretOf })
  const { authority, lists, trust, bootstrap, issuer, shown } = certification
  const rollout = createRollout({ topology, store, fleet, publisher, log, ackTimeoutMs, reportTimeoutMs })
  const rotation = createRotation({ topology, store, authority, fleet, publisher, trust, log, ackTimeoutMs })
  const breakGlass = createBreakGlass({ topology, store, fleet, publisher, clock })
  const operations = createOperations({
    topology,
    store,
    fleet,
    publisher,
    issuer,
    trust,
    lifetimes,
    rejoin: options.rejoin ?? rejoinBySecret(bootstrap, fleet, ackTimeoutMs),
    rollout,
    rotation,
    breakGlass,
    userTokens,
    ackTimeoutMs,
    reportTimeoutMs,
  })
  const listening: Partial<Record<'workload' | 'operator', Address>> = {}
  const addressOf = (which: 'workload' | 'operator'): Address => {
    const address = listening[which]
    if (!address) throw new Error('the control plane has not started')
    return address
  }

  const startWorkloadApi = async (host: string): Promise<void> => {
    const parts = { topology, store, issuer, bootstrap, trust, fleet, publisher, shown, clock, log, pingMs }
    const door = await openWorkloadDoor(parts, { host, port: options.workloadPort ?? 0 }, lifetimes.workloadMs / 3)
    listening.workload = { host, port: door.port }
    closing.push(door.close, keepListsFresh(lists, trust, log))
  }

  const startOperatorApi = async (host: string): Promise<void> => {
    const app = await createOperatorServer({
      token: operatorToken,
      log,
      clock,
      names: options.operatorNames ?? [],
      ...(options.publishedPort === undefined ? {} : { publishedPort: options.publishedPort }),
      plugins: [
        operatorApi(topology, operations),
        certificateRoutes(topology, operations),
        rotationRoutes(operations),
        revocationRoutes(topology, operations),
        breakGlassRoutes(topology, breakGlass),
        ...(options.operatorPlugins ?? []),
      ],
    })
    await app.listen({ host, port: options.operatorPort ?? 0 })
    listening.operator = { host, port: (app.server.address() as AddressInfo).port }
    closing.push(() => app.close())
  }

  return {
    operatorToken,
    operations,
    get bootstrap() {
      return authority.trustBundle()
    },
    onTrust: listener =>
      trust.onPublish(() => {
        try {
          listener()
        } catch (err) {
          log.error({ err }, 'somebody who waited for new trust failed')
        }
      }),
    workloadAddress: () => addressOf('workload'),
    operatorAddress: () => addressOf('operator'),
    async start() {
      const host = options.host ?? '127.0.0.1'
      rollout.resume()
      rotation.resume()
      breakGlass.resume()
      await startWorkloadApi(host)
      await startOperatorApi(options.operatorHost ?? host)
    },
    async close() {
      breakGlass.close()
      await rollout.close()
      await rotation.close()
      fleet.close()
      await Promise.all(closing.map(end => end()))
      store.close()
    },
  }
}
