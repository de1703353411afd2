import type { Credentials } from '../chassis/credentials.ts'
import type { Program, RequestContext, Site } from '../chassis/program.ts'
import type { Telemetry } from '../chassis/telemetry.ts'
import type { Address } from '../chassis/transport.ts'
import { startApplication } from './application.ts'
import { type Egress, startEgress } from './egress.ts'
import { createOutside, type Outside } from './outside.ts'
import { createPass } from './pass.ts'
import { createSidecar } from './sidecar.ts'

export type BehindSidecarOptions = Pick<Site, 'name' | 'calls' | 'clock'> & {
  trustDomain: string
  /** The application's. */
  program: Program
  credentials: Credentials
  telemetry: Telemetry
}

/** An application that runs, and the sidecar's program that is to stand in front of it. */
export type BehindSidecar = { application: Address; sidecar: Program; close(): Promise<void> }

/** Starts an application behind a sidecar: its way out first where it calls anybody, then itself. */
export const startBehindSidecar = async (options: BehindSidecarOptions): Promise<BehindSidecar> => {
  const { name, calls, clock, trustDomain, program, credentials, telemetry } = options
  const pass = createPass()
  const underWay = new Map<string, RequestContext>()
  let egress: Egress | undefined
  let outside: Outside = nowhere
  if (calls.length > 0) {
    const callees = new Set(calls.map(({ callee }) => callee))
    egress = await startEgress({ name, trustDomain, callees, pass, credentials, telemetry, underWay })
    outside = createOutside({ name, calls, egress: egress.address, pass })
  }
  const { upstream, upstreams } = outside
  const site = { name, calls, clock, log: telemetry.log, upstream, upstreams }
  const application = await startApplication({ program, site, pass, telemetry })
  return {
    application: application.address,
    sidecar: createSidecar({ pass, ...(egress ? { egress, underWay } : {}) }),
    async close() {
      await application.close()
      await outside.close()
      await egress?.close()
    },
  }
}

const nowhere: Outside = {
  upstream() {
    throw new Error('an application without links calls nobody')
  },
  upstreams: () => [],
  close: async () => {},
}
