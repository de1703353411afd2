import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { catalogue } from '../../scenarios/catalogue.ts'
import { mark, recordsSince } from '../../scenarios/flows/records.ts'
import { readStory } from '../../scenarios/flows/story.ts'
import { connectLab, type LabClient } from '../../scenarios/lab-client.ts'
import { runScenario } from '../../scenarios/runner.ts'
import { freshCanary } from '../../scenarios/tools/canary.ts'
import { createOutsider } from '../../scenarios/tools/outsider.ts'
import { freshAddress } from '../../scenarios/tools/source.ts'
import { startRelayedLab } from '../support/relayed-lab.ts'

const modes = ['passthrough', 'mtls', 'edge-terminate-plaintext'] as const
const scenarios = [
  ...['forged-client-address', 'client-address-lost', 'forged-proxy-header', 'rogue-no-certificate'],
  ...['wrong-workload', 'audit-trail', 'eavesdrop', 'impostor-callee'],
]

// other systems have no loopback address but 127.0.0.1, so there is nobody to tell from the relay
describe.runIf(process.platform === 'linux')('in a lab whose taps hide who calls', () => {
  let relayed: Awaited<ReturnType<typeof startRelayedLab>>
  let lab: LabClient

  beforeAll(async () => {
    relayed = await startRelayedLab(modes[0])
    lab = await connectLab(relayed.access)
  })

  afterAll(async () => {
    await lab?.close()
    await relayed?.close()
  })

  describe.each(modes)('in %s', mode => {
    beforeAll(async () => void (await lab.switchMode(mode)))

    test('the client’s own address and port are on record where it enters, and its address with everybody after', async () => {
      const marks = await mark(lab)
      const { method, path, body, headers } = freshCanary(lab.topology)
      const from = freshAddress(lab.access.edge)
      const attempt = await (await createOutsider(lab, { from })).send({ method, path, body, headers })
      expect(attempt).toMatchObject({ answered: true, status: 201, from })
      const { told } = await readStory(lab, marks, { method, path, from: from! })
      expect(told.length).toBeGreaterThan(3)
      expect(new Set(told.map(({ clientAddress }) => clientAddress))).toEqual(new Set([from]))
      const { edge } = await recordsSince(lab, marks)
      const entered = edge?.connections.filter(({ side, remoteAddress }) => side === 'server' && remoteAddress === from)
      expect(entered).toMatchObject([{ remotePort: expect.any(Number) }])
    })

    test.each(scenarios)('%s comes out as it does where nothing is hidden', async id => {
      const cells = await runScenario(lab, catalogue.find(scenario => scenario.id === id)!)
      expect(cells.filter(({ asExpected }) => !asExpected).map(cell => `${cell.link} ${cell.because}`)).toEqual([])
      expect(cells.some(({ verdict }) => verdict === 'holds' || verdict === 'broken')).toBe(true)
    })
  })
})
