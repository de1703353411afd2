import { type ChildProcess, spawn } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readSvid } from '../../pki/svid.ts'
import type { Desired } from '../../services/chassis/desired.ts'
import {
  createFakeWorkload,
  operatorOf,
  type Site,
  temporaryDirectory,
  workloads,
} from '../integration/control-support.ts'

let directory: ReturnType<typeof temporaryDirectory>
let child: ChildProcess | undefined

beforeEach(() => {
  directory = temporaryDirectory()
})
afterEach(async () => {
  await kill()
  directory.remove()
})

const start = async () => {
  child = spawn(process.execPath, ['test/integration/control-process.ts', directory.path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [line] = await once(createInterface({ input: child.stdout! }), 'line')
  const said = JSON.parse(line)
  return {
    ...said,
    site: { address: said.workload, bootstrap: said.bootstrap } as Site,
    ask: operatorOf(said.operator, said.operatorToken),
  }
}

const kill = async () => {
  if (!child || child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGKILL')
  await once(child, 'exit')
}

const serialsOnDisk = (): string[] => {
  const db = new DatabaseSync(join(directory.path, 'control.sqlite'))
  const rows = db.prepare('SELECT serial FROM issued').all() as { serial: string }[]
  db.close()
  return rows.map(({ serial }) => serial)
}

/** Which step of plaintext → mtls orders was told. */
const stepOf = ({ accepts, upstreams }: Desired): string =>
  accepts.length === 2
    ? upstreams[0]?.transport === 'mtls'
      ? 'move'
      : 'widen'
    : accepts.includes('mtls')
      ? 'narrow'
      : 'before'

describe('kill -9 of the control plane', () => {
  it.each(['widen', 'move', 'narrow'])('at %s: the rollout goes on by itself after the restart', async step => {
    const first = await start()
    const site: Site = { ...first.site }
    const shop = workloads.map(name => createFakeWorkload(site, name))
    const serials: string[] = []
    const keep = (chain: string) => serials.push(readSvid(new X509Certificate(chain)).serial)
    let reached = () => {}
    const atStep = new Promise<void>(resolve => {
      reached = resolve
    })
    let holding = true
    for (const workload of shop) {
      workload.answerWith(desired => {
        if (holding && workload.name === 'orders' && stepOf(desired) === step) {
          reached()
          return []
        }
        return [{ version: desired.version, ok: true, drained: true }]
      })
      keep((await workload.enrol(first.tokens[workload.name])).json.chain)
    }
    await Promise.all(shop.map(workload => workload.connect()))
    const ended = Promise.all(shop.map(({ events }) => once(events, 'ended')))
    const switching = first.ask('PUT', '/api/mode', { mode: 'mtls' }).catch(() => {})
    await atStep
    keep((await shop[0]!.call('/v1/renew', { csr: shop[0]!.csr().csr })).json.chain)
    await kill()
    await Promise.all([switching, ended])

    const second = await start()
    site.address = second.site.address
    expect(second.bootstrap).toEqual(first.bootstrap)
    expect((await second.ask('GET', '/api/state')).json).toMatchObject({
      mode: 'edge-terminate-plaintext',
      rollout: { from: 'edge-terminate-plaintext', to: 'mtls', step },
    })
    holding = false
    await Promise.all(shop.map(workload => workload.connect()))
    await shop
      .find(({ name }) => name === 'orders')!
      .told(desired => stepOf(desired) === 'narrow' && desired.rules.every(rule => rule.transports.length === 1))
    expect((await second.ask('PUT', '/api/mode', { mode: 'mtls' })).lines.at(-1)).toEqual({ done: true, mode: 'mtls' })
    for (const { seen } of shop) {
      const versions = seen.map(({ version }) => version)
      expect(versions).toEqual(versions.toSorted((a, b) => a - b))
    }
    keep((await shop[0]!.call('/v1/renew', { csr: shop[0]!.csr().csr })).json.chain)
    for (const workload of shop) workload.close()
    await kill()

    expect(new Set(serials).size).toBe(serials.length)
    expect(serialsOnDisk()).toEqual(expect.arrayContaining(serials))
  })

  it('in the middle of issuing: every certificate that left is on disk, none twice', async () => {
    const received: string[] = []
    const site: Site = { address: { host: '', port: 0 }, bootstrap: [] }
    const orders = createFakeWorkload(site, 'orders')
    for (let round = 0; round < 4; round++) {
      const control = await start()
      Object.assign(site, control.site)
      if (round === 0) await orders.enrol(control.tokens.orders)
      let going = true
      const hammer = async () => {
        while (going) {
          const answer = await orders.call('/v1/renew', { csr: orders.csr().csr }).catch(() => undefined)
          if (answer?.status === 200) received.push(readSvid(new X509Certificate(answer.json.chain)).serial)
          else going = false
          if (received.length >= (round + 1) * 12) child?.kill('SIGKILL')
        }
      }
      await Promise.all([hammer(), hammer(), hammer()])
      await kill()
    }
    expect(received.length).toBeGreaterThanOrEqual(48)
    expect(new Set(received).size).toBe(received.length)
    expect(serialsOnDisk()).toEqual(expect.arrayContaining(received))
  })
})
