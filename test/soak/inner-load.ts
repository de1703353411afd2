import { setTimeout as wait } from 'node:timers/promises'
import { createControlClient } from '../../services/chassis/control-client.ts'
import { createCredentials } from '../../services/chassis/credentials.ts'
import { noTelemetry } from '../../services/chassis/telemetry.ts'
import type { Address } from '../../services/chassis/transport.ts'
import { createUpstream } from '../../services/chassis/upstream.ts'
import type { Topology } from '../../services/topology/topology.ts'
import { type Tally, wrongAnswer } from './tally.ts'

/** A second instance of `orders`, which charges cards over mTLS without pause and keeps its own certificate fresh. */
export type InnerLoad = {
  trust(bundle: string): void
  /** Proves itself by a new certificate from now on. */
  renew(): Promise<void>
  /** While payments takes no mTLS. Resolves when nothing is under way. */
  pause(): Promise<void>
  resume(): void
  /** Serials it was given, oldest first. */
  serials: string[]
  stop(): Promise<void>
}

type InnerLoadOptions = {
  topology: Topology
  control: Address
  payments: Address
  bundle: string
  joinToken: string
  tally: Tally
  workers: number
}

export const startInnerLoad = async (options: InnerLoadOptions): Promise<InnerLoad> => {
  const { control, tally, topology } = options
  const { trustDomain } = topology
  const serials: string[] = []
  const credentials = createCredentials({ trust: { bundle: [options.bundle], crl: [] } })
  const telemetry = noTelemetry()
  const client = createControlClient({ workload: 'orders', trustDomain, control, credentials, telemetry })
  const kept = () => void serials.push(credentials.held()[0]!.serial)
  await client.enrol(options.joinToken)
  kept()
  credentials.setTrust({ bundle: [options.bundle], crl: [] })
  const spec = {
    ...{ link: 'orders:payments', callee: 'payments', transport: 'mtls' as const, address: options.payments },
    ...{ id: `spiffe://${trustDomain}/payments`, verify: true },
  }
  const upstream = createUpstream({ spec, credentials, telemetry })
  let running = true
  let resumed = Promise.withResolvers<void>()
  let paused = true
  let underWay = 0

  const body = JSON.stringify({ card: '4000000000000002', amount: 1 })
  const charge = async (): Promise<void> => {
    const origin = `https://${options.payments.host}:${options.payments.port}`
    const headers = { 'content-type': 'application/json' }
    const answer = await upstream.dispatcher().request({ origin, method: 'POST', path: '/charges', headers, body })
    const text = await answer.body.text()
    if (answer.statusCode !== 201) throw wrongAnswer(answer.statusCode, text)
  }

  const work = async (): Promise<void> => {
    while (running) {
      if (paused) await resumed.promise
      if (!running) return
      underWay++
      try {
        await charge()
        tally.answered.inner++
      } catch (error) {
        tally.lose('inner', error)
        await wait(50)
      } finally {
        underWay--
      }
    }
  }

  const renew = async (): Promise<void> => {
    await client.renew()
    kept()
    void upstream.replace(spec)
  }
  const ended = new AbortController()
  const keepRenewing = async (): Promise<void> => {
    while (running) {
      const { notAfter } = credentials.held()[0]!
      await wait(Math.max(0, (Date.parse(notAfter) - Date.now()) * 0.5), undefined, { signal: ended.signal }).catch(
        () => {},
      )
      if (running) await renew().catch(() => wait(50))
    }
  }

  const working = Promise.all([...Array.from({ length: options.workers }, work), keepRenewing()])
  return {
    serials,
    renew,
    trust(bundle) {
      credentials.setTrust({ bundle: bundle.match(/-----BEGIN[\s\S]+?-----END CERTIFICATE-----\n?/g) ?? [], crl: [] })
      void upstream.replace(spec)
    },
    async pause() {
      if (!paused) resumed = Promise.withResolvers()
      paused = true
      while (underWay > 0) await wait(5)
    },
    resume() {
      paused = false
      resumed.resolve()
    },
    async stop() {
      running = false
      ended.abort()
      resumed.resolve()
      await working
      await upstream.destroy()
      await client.close()
    },
  }
}
