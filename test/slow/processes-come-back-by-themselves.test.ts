import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { ControlState } from '../../services/control/glance.ts'
import { readTopology } from '../../services/topology/file.ts'
import { startProcess } from '../support/process.ts'

const home = mkdtempSync(join(tmpdir(), 'hop-come-back-'))
const children: ChildProcess[] = []
afterAll(() => {
  for (const child of children) child.kill('SIGKILL')
  rmSync(home, { recursive: true, force: true })
})

const workloads = Object.keys(readTopology('topologies/shop.yaml').workloads)

const run = (role: string, env?: NodeJS.ProcessEnv) => startProcess(children, [role], env)

type Run = ReturnType<typeof run>

const members: Record<string, Run> = {}
let control: Run
let at: { workload: { host: string; port: number }; operator: { host: string; port: number } }

const secretOf = (name: string) => join(home, 'bootstrap', name, 'bootstrap-secret')
const startControl = async (more: NodeJS.ProcessEnv = {}) => {
  control = run('control', {
    HOP_STATE: join(home, 'state'),
    HOP_MODE: 'mtls',
    HOP_BOOTSTRAP_DIR: join(home, 'bootstrap'),
    HOP_OPERATOR_TOKEN_FILE: join(home, 'operator-token'),
    HOP_HEALTH_FILE: join(home, 'healthy'),
    ...more,
  })
  at = await control.ready
}
const startMember = (name: string) => {
  members[name] = run(name, {
    HOP_CONTROL: `${at.workload.host}:${at.workload.port}`,
    HOP_BOOTSTRAP_SECRET_FILE: secretOf(name),
  })
  return members[name].ready
}
const kill = async ({ child }: Run) => {
  child.kill('SIGKILL')
  await once(child, 'exit')
}

const api = async (method: string, path: string, body?: object) => {
  const answer = await fetch(`http://127.0.0.1:${at.operator.port}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${readFileSync(join(home, 'operator-token'), 'utf8').trim()}`,
      ...(body ? { 'content-type': 'application/json' } : {}),
    },
    ...(body ? { body: JSON.stringify(body) } : {}),
  })
  const text = await answer.text()
  return { status: answer.status, json: text === '' ? undefined : JSON.parse(text.trim().split('\n').at(-1)!) }
}
const state = async (): Promise<ControlState> => (await api('GET', '/api/state')).json
const until = async (holds: () => Promise<boolean>) => {
  while (!(await holds().catch(() => false))) await wait(50)
}
const settled = () => until(async () => (await state()).settled)
const serialOf = async (name: string): Promise<string | undefined> => {
  const { json } = await api('GET', '/api/certificates')
  return json.findLast((row: { name: string }) => row.name === `spiffe://hop.lab/${name}`)?.serial
}

beforeAll(async () => {
  await startControl()
  await Promise.all(workloads.map(startMember))
  await settled()
})

it('every workload is let in by its secret, which was made for it alone', () => {
  const secrets = workloads.map(name => readFileSync(secretOf(name), 'utf8').trim())
  expect(new Set(secrets).size).toBe(workloads.length)
  for (const name of workloads) expect(statSync(secretOf(name)).mode & 0o777).toBe(0o600)
  const said = [control, ...Object.values(members)].map(({ said: { text } }) => text).join('')
  for (const secret of secrets) expect(said).not.toContain(secret)
})

it('a workload that was killed is let in again without a hand, with another key', async () => {
  const before = await serialOf('payments')
  await kill(members.payments!)
  await startMember('payments')
  await settled()
  expect(await serialOf('payments')).not.toBe(before)
})

it('one that runs is let in again when the operator says so, and one that was revoked too', async () => {
  const before = await serialOf('orders')
  expect((await api('POST', '/api/workloads/orders/reenrol', {})).json).toMatchObject({ acknowledged: true })
  const between = await serialOf('orders')
  expect(between).not.toBe(before)
  await api('POST', '/api/revoke', { id: 'spiffe://hop.lab/orders', reason: 'keyCompromise' })
  await until(async () => members.orders!.said.text.includes('bootstrap-barred'))
  expect((await state()).workloads.find(({ name }) => name === 'orders')?.connected).toBe(false)
  expect((await api('POST', '/api/workloads/orders/reenrol', {})).json).toMatchObject({ acknowledged: true })
  expect(await serialOf('orders')).not.toBe(between)
  await settled()
})

it('one whose certificate ran out while the control plane was away comes back by itself', async () => {
  await api('PUT', '/api/switches/renewal', { value: { gateway: { on: true, lifetimeS: 4 } } })
  await api('POST', '/api/workloads/gateway/renew', {})
  await api('POST', '/api/switches/renewal/reset', {})
  const before = await serialOf('gateway')
  await kill(control)
  await wait(4_500)
  await startControl({ HOP_LISTEN: `127.0.0.1:${at.workload.port}` })
  await settled()
  expect(await serialOf('gateway')).not.toBe(before)
  expect(members.gateway!.said.text).toContain('let in anew, with a new key')
})

it('a control plane goes to the mode it is started with only where that is another than last time', async () => {
  await api('PUT', '/api/mode', { mode: 'hybrid' })
  await kill(control)
  await startControl({ HOP_LISTEN: `127.0.0.1:${at.workload.port}` })
  await settled()
  expect((await state()).mode).toBe('hybrid')
  await kill(control)
  await startControl({ HOP_LISTEN: `127.0.0.1:${at.workload.port}`, HOP_MODE: 're-encrypt' })
  await until(async () => (await state()).mode === 're-encrypt')
  await settled()
})

it('the wire is a process too: a tap on each link, and an API for the operator alone', async () => {
  const first = 21_000 + Math.floor(Math.random() * 9_000)
  const wire = run('wire', {
    HOP_WIRE: `127.0.0.1:${first}`,
    HOP_TAPS: `127.0.0.1:${first}`,
    HOP_TARGETS: '127.0.0.1:1',
    HOP_OPERATOR_TOKEN_FILE: join(home, 'operator-token'),
    HOP_OPERATOR_NAMES: 'wire-operator:7100',
  })
  const { listening } = await wire.ready
  const token = readFileSync(join(home, 'operator-token'), 'utf8').trim()
  const ask = (headers: Record<string, string>) =>
    fetch(`http://127.0.0.1:${listening.port}/wire`, { headers }).then(async answer => ({
      status: answer.status,
      told: (await answer.json()) as { taps: { link: string; address: { port: number } }[] },
    }))
  expect((await ask({})).status).toBe(401)
  const { status, told } = await ask({ authorization: `Bearer ${token}` })
  expect(status).toBe(200)
  expect(told.taps.map(({ link, address }) => [link, address.port - first])).toEqual([
    ...[
      ['client:edge', 0],
      ['edge:gateway', 1],
      ['gateway:orders', 2],
      ['orders:payments', 3],
    ],
    ...[
      ['orders:inventory', 4],
      ['orders:shipping', 5],
      ['edge:orders', 6],
    ],
  ])
  await kill(control)
  await startControl({ HOP_LISTEN: `127.0.0.1:${at.workload.port}`, HOP_WIRE: `127.0.0.1:${first}` })
  await until(async () => (await state()).hops.every(({ address }) => address !== null && address.port >= first))
})
