import { afterAll, beforeAll, expect, test } from 'vitest'
import { breakages, findBreakage } from '../../scenarios/breakage/breakages.ts'
import { provoke } from '../../scenarios/breakage/provoke.ts'
import { whyNot } from '../../scenarios/breakage/why-not.ts'
import { connectLab, type LabClient } from '../../scenarios/lab-client.ts'
import { usualHopsOf } from '../../services/hops.ts'
import { startTestLab, type TestLab } from '../support/lab.ts'

let lab: TestLab
let client: LabClient

beforeAll(async () => {
  lab = await startTestLab({ mode: 'mtls' })
  client = await connectLab(lab.access)
})
afterAll(async () => {
  await client?.close()
  await lab?.close()
})

const edge = () => usualHopsOf(client.topology, 'mtls').find(({ link }) => link.id === 'client:edge')!

const rows = breakages.flatMap(each => (['callee', 'caller'] as const).map(end => [each.name, end, each] as const))

test.each(rows)('client:edge: %s at the %s is named', async (_name, end, breakage) => {
  if (whyNot(breakage, edge(), end, client.topology) !== undefined || breakage[end]?.slow) return
  const { named, cause, due } = await provoke(client, edge(), breakage, end)
  expect({ name: cause?.name, fault: cause?.fault }).toEqual(due)
  expect(named).toBe(true)
})

test.each(['expired', 'wrong-san', 'unknown-ca', 'self-signed', 'ciphers', 'alpn', 'plaintext', 'garbage', 'reset'])(
  'client:edge: %s at the callee is named to a client that speaks TLS 1.2 too',
  async name => {
    const breakage = findBreakage(name)
    if (whyNot(breakage, edge(), 'callee', client.topology) !== undefined) return
    const { cause, due } = await provoke(client, edge(), breakage, 'callee', 'TLSv1.2')
    expect({ name: cause?.name, fault: cause?.fault }).toEqual(due)
  },
)
