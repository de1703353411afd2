import { createServer } from 'node:http'
import { Agent, request } from 'undici'
import { bind } from '../chassis/bind.ts'
import type { Credentials } from '../chassis/credentials.ts'
import type { ApplicationRecord, ProgramRun } from '../chassis/observation.ts'
import type { Program, RequestContext, Site } from '../chassis/program.ts'
import type { Telemetry } from '../chassis/telemetry.ts'
import type { Address } from '../chassis/transport.ts'
import { startApplication } from './application.ts'
import { startEgress } from './egress.ts'
import { createOutside } from './outside.ts'
import { noPass } from './pass.ts'
import { createSidecar } from './sidecar.ts'

/*
 * A sidecar and its application as two processes that share a network namespace, as in a pod: loopback is theirs alone.
 * The application listens at an address that both are given, tells of what it got at the next port, and finds the way out
 * to its callees at the one after.
 */
const accountsAt = ({ host, port }: Address): Address => ({ host, port: port + 1 })
const egressAt = ({ host, port }: Address): Address => ({ host, port: port + 2 })

/** What an application tells of itself. */
type Account = { program: ProgramRun; records: ApplicationRecord[]; cursor: number }

export type SidecarApartOptions = Pick<Site, 'name' | 'calls'> & {
  trustDomain: string
  credentials: Credentials
  telemetry: Telemetry
  /** Where the application is. */
  at: Address
}

export type SidecarApart = {
  application: Address
  sidecar: Program
  /** Takes over what the application tells that it got, and answers which program it is; nothing while it is away. */
  account(): Promise<{ program?: ProgramRun }>
  close(): Promise<void>
}

const accountMs = 1_000

/** The sidecar's process. The application may come later, and go. */
export const startSidecarApart = async (options: SidecarApartOptions): Promise<SidecarApart> => {
  const { name, calls, trustDomain, credentials, telemetry, at } = options
  const underWay = new Map<string, RequestContext>()
  const callees = new Set(calls.map(({ callee }) => callee))
  const out = { name, trustDomain, callees, pass: noPass, credentials, telemetry, underWay, at: egressAt(at) }
  const egress = calls.length > 0 ? await startEgress(out) : undefined
  const dispatcher = new Agent({ headersTimeout: accountMs, bodyTimeout: accountMs, connect: { timeout: accountMs } })
  const { host, port } = accountsAt(at)
  let taken: { instance: string; cursor: number } = { instance: '', cursor: 0 }
  let asking: Promise<{ program?: ProgramRun }> | undefined

  const ask = async () => {
    const { body } = await request(`http://${host}:${port}/`, { dispatcher })
    const { program, records, cursor } = (await body.json()) as Account
    const known = program.instance === taken.instance ? taken.cursor : 0
    for (const { cursor: at, ...record } of records) if (at > known) telemetry.application(record)
    taken = { instance: program.instance, cursor }
    return { program }
  }

  return {
    application: at,
    sidecar: createSidecar({ pass: noPass, ...(egress ? { egress, underWay } : {}) }),
    account() {
      // who asks twice at once must not be told the same twice
      asking ??= ask()
        .catch(error => {
          telemetry.log.warn({ reason: String(error) }, 'the application behind this sidecar tells nothing')
          return {}
        })
        .finally(() => {
          asking = undefined
        })
      return asking
    },
    async close() {
      await egress?.close()
      await dispatcher.destroy()
    },
  }
}

export type ApplicationApartOptions = Pick<Site, 'name' | 'calls' | 'clock'> & {
  program: Program
  run: ProgramRun
  telemetry: Telemetry
  at: Address
}

/** The application's process: no identity, no policy, no control plane. */
export const startApplicationApart = async (options: ApplicationApartOptions) => {
  const { name, calls, clock, program, run, telemetry, at } = options
  const outside = createOutside({ name, calls, egress: egressAt(at), pass: noPass })
  const { upstream, upstreams } = outside
  const site = { name, calls, clock, log: telemetry.log, upstream, upstreams }
  const application = await startApplication({ program, site, pass: noPass, telemetry, at })
  const accounts = createServer((_request, response) => {
    const { application: records = [], cursor } = telemetry.observations(0, [])
    const account: Account = { program: run, records, cursor }
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(account))
  })
  const { host, port } = accountsAt(at)
  await bind(accounts, host, port)
  return {
    address: application.address,
    async close() {
      accounts.closeAllConnections()
      await new Promise(resolve => accounts.close(resolve))
      await application.close()
      await outside.close()
    },
  }
}
