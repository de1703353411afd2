import type { AddressInfo } from 'node:net'
import type { Logger } from 'pino'
import { workloadContextOptions } from '../chassis/tls-options.ts'
import type { Address } from '../chassis/transport.ts'
import type { Topology } from '../topology/topology.ts'
import { workloadApi } from './api/workload-api.ts'
import { createAuthenticate, createWorkloadServer } from './api/workload-server.ts'
import type { Bootstrap } from './certificates/bootstrap.ts'
import type { Issuer } from './certificates/issuer.ts'
import type { TrustPublisher } from './certificates/trust-publisher.ts'
import type { Fleet } from './fleet.ts'
import type { Publisher } from './rollout/publisher.ts'
import type { Store } from './state/store.ts'

type Parts = {
  topology: Topology
  store: Store
  issuer: Issuer
  bootstrap: Bootstrap
  trust: TrustPublisher
  fleet: Fleet
  publisher: Publisher
  /** See `IssuerOptions`: which CAs the control plane's own certificate comes from. */
  shown: () => string | undefined
  clock: () => number
  log: Logger
  pingMs: number
}

/**
 * Where workloads come in. The control plane's own certificate is renewed every `renewMs` by its clock, and whenever it has to come from
 * other CAs; whom it trusts itself follows what is given out.
 */
export const openWorkloadDoor = async (parts: Parts, at: Address, renewMs: number) => {
  const { topology, issuer, trust, shown, clock, log } = parts
  let pair = issuer.own()
  let by = shown()
  const app = await createWorkloadServer({ log, pair, trust: trust.own() })
  const present = () => {
    if (shown() !== by) pair = issuer.own()
    by = shown()
    app.server.setSecureContext(workloadContextOptions(trust.own(), pair))
  }
  trust.onPublish(present)
  workloadApi(app, { ...parts, authenticate: createAuthenticate(topology, clock, issuer.standing) })
  await app.listen(at)
  const renewOwn = () => {
    pair = issuer.own()
    present()
  }
  const over = every(renewMs, renewOwn, clock, log)
  return {
    port: (app.server.address() as AddressInfo).port,
    async close() {
      over()
      await app.close()
    },
  }
}

/** A clock may be set, and a machine be asleep, which no timer notices: it is looked again at least so often, ms. */
const atLeastEveryMs = 5_000

/** Runs upkeep now and then, by the clock; a failure is logged and tried again next time. Returns what ends it. */
const every = (ms: number, work: () => void, clock: () => number, log: Logger): (() => void) => {
  let last = clock()
  const timer = setInterval(
    () => {
      const passed = clock() - last
      // one that was set back tells nothing of what has passed
      if (passed >= 0 && passed < ms) return
      last = clock()
      try {
        work()
      } catch (err) {
        log.error({ err }, 'upkeep failed; the old one stays')
      }
    },
    Math.min(ms / 10, atLeastEveryMs),
  )
  timer.unref()
  return () => clearInterval(timer)
}
