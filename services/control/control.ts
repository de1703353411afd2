import { randomBytes } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import type { FastifyPluginAsync } from 'fastify'
import type { Logger } from 'pino'
import { type Authority, createAuthority, openAuthority } from '../../pki/authority.ts'
import { workloadContextOptions } from '../chassis/tls-options.ts'
import type { Address } from '../chassis/transport.ts'
import type { Rate } from '../l7/rate-limit.ts'
import type { Mode } from '../modes.ts'
import type { Topology } from '../topology/topology.ts'
import { operatorApi } from './api/operator-api.ts'
import { createOperatorServer } from './api/operator-server.ts'
import { workloadApi } from './api/workload-api.ts'
import { createAuthenticate, createWorkloadServer } from './api/workload-server.ts'
import { createIssuer, type Lifetimes } from './certificates/issuer.ts'
import { createUserTokens } from './certificates/user-tokens.ts'
import { createFleet } from './fleet.ts'
import { createOperations, type Operations } from './operations.ts'
import { createPublisher } from './rollout/publisher.ts'
import { createRollout } from './rollout/rollout.ts'
import { defaultSwitches } from './rollout/switches.ts'
import { openStore, type Store } from './state/store.ts'

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
  /** The operator port as people reach it, where that differs. */
  publishedPort?: number
  operatorToken?: string
  /** How much one client may ask of the edge; absent: the usual. */
  rate?: Rate
  /** Mounted behind the operator's guard. */
  operatorPlugins?: FastifyPluginAsync[]
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
  const authority = keptAuthority(store, topology, clock, lifetimes)
  const issuer = createIssuer({ store, authority, topology, clock, lifetimes })
  const rollout = createRollout({ topology, store, fleet, publisher, ackTimeoutMs })
  let trustChanged = () => {}
  const operations = createOperations({
    topology,
    store,
    fleet,
    publisher,
    issuer,
    rollout,
    userTokens,
    onTrustChange: () => trustChanged(),
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
    let pair = issuer.own()
    const app = await createWorkloadServer({ log, pair, trust: issuer.trust() })
    trustChanged = () => app.server.setSecureContext(workloadContextOptions(issuer.trust(), pair))
    workloadApi(app, {
      store,
      issuer,
      fleet,
      publisher,
      pingMs,
      authenticate: createAuthenticate(topology, clock, issuer.isRevoked),
    })
    await app.listen({ host, port: options.workloadPort ?? 0 })
    listening.workload = { host, port: (app.server.address() as AddressInfo).port }
    const renewOwn = () => {
      pair = issuer.own()
      trustChanged()
    }
    const renewCrl = () => {
      issuer.renewCrl()
      trustChanged()
      fleet.broadcast(issuer.trustMessage())
    }
    closing.push(
      () => app.close(),
      every(lifetimes.workloadMs / 3, renewOwn, log),
      every(lifetimes.crlMs / 3, renewCrl, log),
    )
  }

  const startOperatorApi = async (host: string): Promise<void> => {
    const app = await createOperatorServer({
      token: operatorToken,
      log,
      clock,
      ...(options.publishedPort === undefined ? {} : { publishedPort: options.publishedPort }),
      plugins: [operatorApi(topology, operations), ...(options.operatorPlugins ?? [])],
    })
    await app.listen({ host, port: options.operatorPort ?? 0 })
    listening.operator = { host, port: (app.server.address() as AddressInfo).port }
    closing.push(() => app.close())
  }

  return {
    operatorToken,
    operations,
    bootstrap: authority.trustBundle(),
    workloadAddress: () => addressOf('workload'),
    operatorAddress: () => addressOf('operator'),
    async start() {
      const host = options.host ?? '127.0.0.1'
      rollout.resume()
      await startWorkloadApi(host)
      await startOperatorApi(host)
    },
    async close() {
      await rollout.close()
      fleet.close()
      await Promise.all(closing.map(end => end()))
      store.close()
    },
  }
}

/** The authority this state has had from its first day on; its keys are on disk before it signs anything for others. */
const keptAuthority = (store: Store, topology: Topology, clock: () => number, { crlMs }: Lifetimes): Authority => {
  const options = {
    trustDomain: topology.trustDomain,
    publicSuffix: topology.ingress.serverName,
    clock,
    lifetimes: { crlMs },
  }
  const kept = store.intent.authority()
  if (kept !== undefined) return openAuthority(JSON.parse(kept), options)
  const made = createAuthority(options)
  store.intent.setAuthority(JSON.stringify(made.exportState()))
  return made
}

/** Runs upkeep now and then; a failure is logged and tried again next time. Returns what ends it. */
const every = (ms: number, work: () => void, log: Logger): (() => void) => {
  const timer = setInterval(
    () => {
      try {
        work()
      } catch (err) {
        log.error({ err }, 'upkeep failed; the old one stays')
      }
    },
    Math.min(ms, 2 ** 31 - 1),
  )
  timer.unref()
  return () => clearInterval(timer)
}
