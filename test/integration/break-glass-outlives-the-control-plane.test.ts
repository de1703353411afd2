import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ControlState } from '../../services/control/glance.ts'
import type { BreakGlass } from '../../services/control/rollout/break-glass-state.ts'
import type { AuditEntry } from '../../services/control/state/audit.ts'
import { type Member, startMember } from '../../services/member.ts'
import { readTopology } from '../../services/topology/file.ts'
import { createControlChild } from '../support/control-child.ts'
import { createPublicClient, operator, type TestLab, topologyFile } from '../support/lab.ts'
import { startLoad } from '../support/load.ts'

const topology = readTopology(topologyFile('shop'))
const home = mkdtempSync(join(tmpdir(), 'hop-glass-'))
const control = createControlChild(join(home, 'state'))
const members: Member[] = []

const lab = (): TestLab => {
  const { operator: at, operatorToken: token } = control.said()
  const edge = members.find(({ name }) => name === topology.ingress.edge)!.address
  return {
    topology,
    access: { operator: `http://${at.host}:${at.port}`, token, wire: null, edge },
  } as unknown as TestLab
}

const until = async <Found>(find: () => Promise<Found | undefined> | Found | undefined): Promise<Found> => {
  for (;;) {
    const found = await find()
    if (found) return found
    await wait(5)
  }
}

const audited = async () =>
  ((await operator(lab(), 'GET', '/api/audit')) as AuditEntry[]).filter(({ action }) =>
    action.startsWith('break-glass'),
  )

/** How payments was called, newest last: its own memory, which no control plane is needed for. */
const waysIntoPayments = async () => {
  const { connections } = (await operator(lab(), 'GET', '/api/workloads/payments/report')) as {
    connections: { at: string; side: string; transport?: string }[]
  }
  return connections.filter(({ side, transport }) => side === 'server' && transport)
}

beforeAll(async () => {
  await control.start()
  for (const name of Object.keys(topology.workloads))
    members.push(await startMember({ topology, name, bundle: control.said().bootstrap }))
  const { workload, tokens } = control.said()
  await Promise.all(members.map(member => member.join(workload, tokens[member.name]!)))
  await until(async () => ((await operator(lab(), 'GET', '/api/state')) as ControlState).settled)
  await operator(lab(), 'PUT', '/api/mode', { mode: 'mtls' })
})

afterAll(async () => {
  await Promise.all(members.map(member => member.close()))
  await control.kill()
  rmSync(home, { recursive: true, force: true })
})

test('kill -9 after break-glass began: the link restores itself, no request is lost, and the record is whole', async () => {
  const client = await createPublicClient(lab())
  const load = startLoad(client)
  await load.more(20)
  const wish = { link: 'orders:payments', forS: 1, reason: 'an incident' }
  const glass = (await operator(lab(), 'POST', '/api/break-glass', wish)) as BreakGlass
  await load.more(20)
  await control.kill()
  // a second after its time the callee goes back too: from then on nobody is left who takes plaintext
  await until(async () => {
    await load.more(5)
    return Date.now() > glass.until + 1000
  })
  const { lost } = await load.stop()
  await client.close()
  expect(lost).toEqual([])

  await control.start()
  const ways = await until(async () => {
    const found = await waysIntoPayments().catch(() => undefined)
    return found?.length ? found : undefined
  })
  const relaxed = ways.filter(({ transport }) => transport === 'plaintext')
  expect(relaxed.length).toBeGreaterThan(0)
  for (const { at } of relaxed) expect(Date.parse(at)).toBeLessThan(glass.until)
  const strictAgain = ways.filter(({ at, transport }) => transport === 'mtls' && Date.parse(at) >= glass.until)
  expect(strictAgain.length).toBeGreaterThan(0)

  expect((await audited()).map(({ action, who, detail }) => [action, who, detail.id, detail.by])).toEqual([
    ['break-glass', 'operator', glass.id, undefined],
    ['break-glass-end', 'control', glass.id, 'itself'],
  ])
  expect(((await operator(lab(), 'GET', '/api/state')) as ControlState).breakGlass).toBeNull()
})
