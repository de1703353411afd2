import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type EmbeddedLab, startEmbedded } from '../../lab/embedded.ts'
import { connectLab, type LabClient } from '../../scenarios/lab-client.ts'
import { readTopology } from '../../services/topology/file.ts'
import { topologyFile } from '../support/lab.ts'

let home: string
let lab: EmbeddedLab | undefined
let client: LabClient | undefined

const start = async (): Promise<LabClient> => {
  const topology = readTopology(topologyFile('shop'))
  lab = await startEmbedded({ topology, stateDir: join(home, 'state'), mode: 'edge-terminate-plaintext', wire: false })
  client = await connectLab(lab.access)
  return client
}
const stop = async () => {
  await client?.close()
  await lab?.close()
  client = lab = undefined
}

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'hop-test-'))
})
afterEach(async () => {
  await stop()
  rmSync(home, { recursive: true, force: true })
})

test('whoever watches for minutes before narrowing keeps nobody from starting the lab again, and can be rolled back', async () => {
  const before = await start()
  const watching = Promise.withResolvers<void>()
  const said = before.switchMode('mtls', ({ type }) => void (type === 'observing' && watching.resolve()), {
    guard: { observeMs: 240_000 },
  })
  said.catch(() => {})
  await watching.promise
  await stop()

  const after = await start()
  expect(await after.state()).toMatchObject({
    mode: 'edge-terminate-plaintext',
    settled: false,
    rollout: { to: 'mtls', step: 'move' },
  })
  expect(await after.rollback()).toEqual({ mode: 'edge-terminate-plaintext' })
  expect(await after.state()).toMatchObject({ rollout: null, settled: true })
}, 30_000)
