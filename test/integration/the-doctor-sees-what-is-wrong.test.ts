import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { breakages, findBreakage } from '../../scenarios/breakage/breakages.ts'
import { provoke } from '../../scenarios/breakage/provoke.ts'
import { whyNot } from '../../scenarios/breakage/why-not.ts'
import { examine } from '../../scenarios/doctor/examine.ts'
import { placeOrder } from '../../scenarios/flows/stand-in.ts'
import { whileSwitched } from '../../scenarios/flows/switched.ts'
import { connectLab, type LabClient } from '../../scenarios/lab-client.ts'
import { usualHopsOf } from '../../services/hops.ts'
import { modes } from '../../services/modes.ts'
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

const errors = async () => {
  const { findings } = await examine(client)
  return findings.filter(({ severity }) => severity === 'error').map(({ name, where }) => `${name} ${where}`)
}

describe('the doctor', () => {
  test.each(modes)('finds nothing wrong with a healthy lab in %s, but for plaintext it declares', async mode => {
    await client.switchMode(mode)
    const { errors, findings } = await examine(client)
    const warnings = findings.filter(({ severity }) => severity === 'warning').map(({ name }) => name)
    expect(errors).toBe(0)
    expect([...new Set(warnings)]).toEqual(mode === 'edge-terminate-plaintext' ? ['plaintext-across-zones'] : [])
    await client.switchMode('mtls')
  })

  test('sees a callee that is not checked', async () => {
    await client.verify('orders:payments', false)
    try {
      expect(await errors()).toEqual(['verification-off orders:payments'])
    } finally {
      await client.verify('orders:payments', true)
    }
    expect(await errors()).toEqual([])
  })

  test('sees a policy that is too broad', async () => {
    const found = await whileSwitched(
      client,
      'policy',
      () => ({ kind: 'allow-all' as const }),
      () => errors(),
    )
    expect(found).toEqual(['switched-policy lab'])
  })

  test('sees a clock that is off, and that no certificate needs renewal for it', async () => {
    const found = await whileSwitched(
      client,
      'clocks',
      () => ({ payments: 7200 }),
      () => errors(),
    )
    expect(found).toContain('clock-skew payments')
    expect(found.filter(each => each.startsWith('certificate-expired'))).toEqual([])
  })

  test('sees who is not told whom to trust', async () => {
    await whileSwitched(
      client,
      'trustWithheld',
      () => ['inventory'],
      async () => {
        await client.credentials.revoke(await client.credentials.stolenAnew('shipping'))
        const { version } = await client.lifecycle.trust()
        const report = await client.report('inventory')
        expect(report.trust?.version).toBeLessThan(version)
      },
    )
  })
})

describe('a broken link', () => {
  const hopOf = (id: string) => usualHopsOf(client.topology, 'mtls').find(({ link }) => link.id === id)!
  const rows = breakages.flatMap(each =>
    (['callee', 'caller'] as const).map(end => ['orders:payments', each.name, end, each] as const),
  )

  test.each(rows)('%s: %s at the %s is named', async (id, _name, end, breakage) => {
    const hop = hopOf(id)
    if (whyNot(breakage, hop, end, client.topology) !== undefined || breakage[end]?.slow) return
    const { named, cause, due } = await provoke(client, hop, breakage, end)
    expect({ name: cause?.name, fault: cause?.fault }).toEqual(due)
    expect(named).toBe(true)
  })

  test('works again afterwards, and the doctor makes no error of what is over', async () => {
    await provoke(client, hopOf('orders:payments'), findBreakage('expired'), 'callee')
    expect(await placeOrder(client)).toMatchObject({ answered: true, status: 201 })
    expect(await errors()).toEqual([])
  })
})
