import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type EmbeddedLab, startEmbedded } from '../../lab/embedded.ts'
import { mark } from '../../scenarios/flows/records.ts'
import { readStory } from '../../scenarios/flows/story.ts'
import { connectLab, type LabClient } from '../../scenarios/lab-client.ts'
import { freshCanary } from '../../scenarios/tools/canary.ts'
import { createOutsider } from '../../scenarios/tools/outsider.ts'
import { freshAddress } from '../../scenarios/tools/source.ts'
import type { ProxyProtocolSwitch } from '../../services/control/rollout/switches.ts'
import { readTopology } from '../../services/topology/file.ts'

// other systems have no loopback address but 127.0.0.1, so there is nobody to tell apart
describe.runIf(process.platform === 'linux').each([true, false])('with the wire %s, TLS passed through', wire => {
  const directory = mkdtempSync(join(tmpdir(), 'hop-address-'))
  let embedded: EmbeddedLab
  let lab: LabClient

  beforeAll(async () => {
    const topology = readTopology('topologies/shop.yaml')
    embedded = await startEmbedded({ topology, stateDir: join(directory, 'state'), mode: 'passthrough', wire })
    lab = await connectLab(embedded.access)
  })

  afterAll(async () => {
    await lab?.close()
    await embedded?.close()
    rmSync(directory, { recursive: true, force: true })
  })

  const order = async (from = freshAddress(lab.access.edge)) => {
    const { method, path, body, headers } = freshCanary(lab.topology)
    return (await createOutsider(lab, { from })).send({ method, path, body, headers })
  }

  test('every workload that has the request has the client’s own address', async () => {
    const marks = await mark(lab)
    const from = freshAddress(lab.access.edge)
    const { method, path } = lab.topology.probe
    expect(await order(from)).toMatchObject({ answered: true, status: 201, from })
    const { told, reports } = await readStory(lab, marks, { method, path, from })
    expect(told.map(({ workload }) => workload)).toEqual(['orders', 'payments', 'inventory', 'shipping'])
    expect(new Set(told.map(({ clientAddress }) => clientAddress))).toEqual(new Set([from]))
    const entry = reports.orders?.connections.find(({ remoteAddress }) => remoteAddress === from)
    expect(entry?.proxiedBy).toMatch(/^127\.(1[2-8]\d|19[01])\./)
  })

  test('switching it off and on again while customers connect loses none of them', async () => {
    let more = true
    const customers = Array.from({ length: 4 }, async () => {
      const answers = []
      while (more) answers.push(await order())
      return answers
    })
    const values: ProxyProtocolSwitch[] = ['off', 'anyone', 'edge', 'off', 'edge']
    for (const value of values) await lab.setSwitch('proxyProtocol', value)
    more = false
    const answers = (await Promise.all(customers)).flat()
    expect(answers.length).toBeGreaterThan(0)
    expect(answers.filter(answer => !answer.answered || answer.status !== 201)).toEqual([])
  })
})
