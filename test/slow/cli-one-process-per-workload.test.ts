import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { startProcess } from '../support/process.ts'

const home = mkdtempSync(join(tmpdir(), 'hop-processes-'))
const children: ChildProcess[] = []
afterAll(() => {
  for (const child of children) child.kill('SIGKILL')
  rmSync(home, { recursive: true, force: true })
})

const run = (args: string[], env?: NodeJS.ProcessEnv) => startProcess(children, args, env)

it.each([
  ['shop', 'a workload'],
  ['shop-sidecars', 'a workload behind a sidecar'],
])('in the %s the control plane and %s run as processes; tokens travel in files only', async shape => {
  const stateDir = join(home, `state-${shape}`)
  const topology = { HOP_TOPOLOGY: `topologies/${shape}.yaml` }
  const control = run(['control', '--state', stateDir], topology)
  const { workload, operator, tokenFile, bundleFile } = await control.ready
  expect(statSync(tokenFile).mode & 0o777).toBe(0o600)
  const operatorToken = readFileSync(tokenFile, 'utf8').trim()
  const api = async (path: string, body?: object) => {
    const headers = {
      authorization: `Bearer ${operatorToken}`,
      ...(body ? { 'content-type': 'application/json' } : {}),
    }
    const asked = body ? { method: 'POST', headers, body: JSON.stringify(body) } : { headers }
    return (await fetch(`http://${operator.host}:${operator.port}${path}`, asked)).json()
  }
  const { token } = (await api('/api/join-tokens', { workload: 'orders', reason: 'a test' })) as { token: string }
  const joinTokenFile = join(home, `join-token-${shape}`)
  writeFileSync(joinTokenFile, `${token}\n`, { mode: 0o600 })
  const settings = {
    ...topology,
    HOP_CONTROL: `${workload.host}:${workload.port}`,
    HOP_BUNDLE: bundleFile,
    HOP_JOIN_TOKEN_FILE: joinTokenFile,
  }
  const orders = run(['orders'], settings)
  expect(await orders.ready).toMatchObject({ ready: 'orders', listening: { host: '127.0.0.1' } })

  const again = run(['orders'], settings)
  expect(await again.ended).toBe(1)
  expect(again.said.text).toContain('join')

  orders.child.kill('SIGTERM')
  expect(await orders.ended).toBe(0)
  control.child.kill('SIGTERM')
  expect(await control.ended).toBe(0)
  for (const { said } of [control, orders, again]) {
    expect(said.text).not.toContain(operatorToken)
    expect(said.text).not.toContain(token)
  }
})

it.each([
  [[], 'one name'],
  [['order', '--control', '127.0.0.1:1', '--bundle', 'x', '--join-token-file', 'x'], 'Did you mean orders?'],
  [['control'], '--state (HOP_STATE)'],
  [['control', '--mode', 'mlts'], 'Did you mean mtls?'],
  [['orders', '--control', 'nowhere'], 'host:port'],
  [['orders', '--join-token', 'secret'], '--join-token'],
])('services/main.ts %j is refused', async (args, words) => {
  const { ended, said } = run(args)
  expect(await ended).toBe(2)
  expect(said.text).toContain(words)
})
