import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { connectLab, type LabClient } from '../../scenarios/lab-client.ts'
import type { ControlOptions } from '../../services/control/control.ts'
import { readTopology } from '../../services/topology/file.ts'
import type { Topology } from '../../services/topology/topology.ts'
import { type ControlChild, createControlChild } from '../support/control-child.ts'
import { topologyFile } from '../support/lab.ts'
import { type MembersChild, startMembersChild } from './members-child.ts'

/** A shop whose control plane can be killed: it and the workloads are processes of their own. */
export type Shop = {
  topology: Topology
  stateDir: string
  control: ControlChild
  members: MembersChild
  /** The operator's view; it finds the control plane again after a restart. */
  lab: LabClient
  /** Everybody is connected and did as told, nothing is under way; `until` (ms) is how long that may take. */
  settled(untilMs?: number): Promise<void>
  close(): Promise<void>
}

/** `clockOffsetMs`: how far the control plane's clock is off at its first start. */
export const startShop = async (options: Partial<ControlOptions>, clockOffsetMs = 0): Promise<Shop> => {
  const home = mkdtempSync(join(tmpdir(), 'hop-soak-'))
  const { stateDir = join(home, 'state') } = options
  const topology = readTopology(topologyFile('shop'))
  const control = createControlChild(stateDir, options)
  control.setClock(clockOffsetMs)
  const said = await control.start()
  const members = await startMembersChild(said.bootstrap)
  const lab = await connectLab({
    operator: `http://${said.operator.host}:${said.operator.port}`,
    wire: null,
    token: said.operatorToken,
    control: said.workload,
    edge: members.addresses[topology.ingress.edge]!,
    redirect: { host: '127.0.0.1', port: 1 },
  })
  await members.join(said.workload, said.tokens)
  const shop: Shop = {
    ...{ topology, stateDir, control, members, lab },
    async settled(untilMs = 30_000) {
      const late = performance.now() + untilMs
      for (;;) {
        const state = await lab.state().catch(() => undefined)
        if (state?.settled) return
        if (performance.now() > late) throw new Error(`not settled: ${JSON.stringify(state)}`)
        await wait(10)
      }
    },
    async close() {
      await lab.close().catch(() => {})
      await members.close()
      await control.kill()
      rmSync(home, { recursive: true, force: true })
    },
  }
  await shop.settled()
  return shop
}
