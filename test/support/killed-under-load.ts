import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Address } from '../../services/chassis/transport.ts'
import type { ControlState } from '../../services/control/glance.ts'
import { type Member, startMember } from '../../services/member.ts'
import { readTopology } from '../../services/topology/file.ts'
import { createPublicClient, operator, type TestLab, topologyFile } from './lab.ts'
import { startLoad } from './load.ts'

type Said = {
  workload: Address
  operator: Address
  bootstrap: string[]
  operatorToken: string
  tokens: Record<string, string>
}

/** Kills the control plane of the shop once it has announced such a step on the way to such a mode, one after the other, under load. */
export const killedUnderLoad = (moments: readonly [step: string, mode: string][]): void => {
  const topology = readTopology(topologyFile('shop'))
  const home = mkdtempSync(join(tmpdir(), 'hop-kill-'))
  const members: Member[] = []
  let child: ChildProcess
  let said: Said

  /** The control plane as a process of its own, on the ports it had before. */
  const start = async () => {
    const ports = said ? [said.workload.port, said.operator.port] : []
    child = spawn(
      process.execPath,
      ['test/integration/control-process.ts', join(home, 'state'), ...ports.map(String)],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    )
    const [line] = await once(createInterface({ input: child.stdout! }), 'line')
    said = JSON.parse(line)
  }

  const kill = async () => {
    child.kill('SIGKILL')
    await once(child, 'exit')
  }

  const lab = (): TestLab => {
    const edge = members.find(({ name }) => name === topology.ingress.edge)!.address
    const url = `http://${said.operator.host}:${said.operator.port}`
    return { topology, access: { operator: url, token: said.operatorToken, wire: null, edge } } as unknown as TestLab
  }

  const settled = async (mode: string): Promise<void> => {
    for (;;) {
      const state = (await operator(lab(), 'GET', '/api/state')) as ControlState
      if (state.settled && state.mode === mode) return
      await new Promise(setImmediate)
    }
  }

  /** Orders the rollout and resolves when its step was announced. */
  const orderedUpTo = async (mode: string, step: string): Promise<void> => {
    const answer = await fetch(`${lab().access.operator}/api/mode`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${said.operatorToken}`, 'content-type': 'application/json' },
      body: JSON.stringify({ mode }),
    })
    let text = ''
    for await (const chunk of answer.body!) {
      text += Buffer.from(chunk).toString()
      if (text.includes(`"step":"${step}"`)) return
    }
    throw new Error(`the rollout ended before ${step}: ${text}`)
  }

  beforeAll(async () => {
    await start()
    for (const name of Object.keys(topology.workloads))
      members.push(await startMember({ topology, name, bundle: said.bootstrap }))
    await Promise.all(members.map(member => member.join(said.workload, said.tokens[member.name]!)))
    await settled('edge-terminate-plaintext')
  })

  afterAll(async () => {
    await Promise.all(members.map(member => member.close()))
    await kill()
    rmSync(home, { recursive: true, force: true })
  })

  test(`kill -9 at ${moments.map(([step]) => step).join(', ')} of a rollout: the workloads go on, it resumes by itself, and no request is lost`, async () => {
    const client = await createPublicClient(lab())
    const load = startLoad(client)
    for (const [step, mode] of moments) {
      await orderedUpTo(mode, step)
      await kill()
      await load.more(50)
      await start()
      await settled(mode)
      await load.more(50)
    }
    const { lost } = await load.stop()
    await client.close()
    expect(lost).toEqual([])
  })
}
