import { expect, test } from 'vitest'
import { keepingSwitches, setSwitches, whileSwitched } from '../../../scenarios/flows/switched.ts'
import type { LabClient } from '../../../scenarios/lab-client.ts'
import { defaultSwitches, type Switches } from '../../../services/control/rollout/switches.ts'
import { shop } from './outcomes.ts'

/** As much of a lab as has switches. */
const fakeLab = () => {
  let now: Switches = defaultSwitches(shop)
  const told: string[] = []
  const lab = {
    switches: async () => structuredClone(now),
    async setSwitch(name: keyof Switches, value: never) {
      const before = now[name]
      now = { ...now, [name]: value }
      told.push(name)
      return before
    },
  } as unknown as LabClient
  return { lab, now: () => now, told }
}

const broad = () => ({ kind: 'allow-all' }) as const

test('a switch is set back after the work, also when the work fails', async () => {
  const { lab, now } = fakeLab()
  const seen = await whileSwitched(lab, 'policy', broad, async () => now().policy.kind)
  expect(seen).toBe('allow-all')
  const failing = whileSwitched(lab, 'policy', broad, () => Promise.reject(new Error('broke off')))
  await expect(failing).rejects.toThrow('broke off')
  expect(now()).toEqual(defaultSwitches(shop))
})

test('whatever an experiment left switched is set back after it, however it ended', async () => {
  const { lab, now, told } = fakeLab()
  const forgetful = keepingSwitches(lab, async () => {
    await lab.setSwitch('policy', broad())
    await lab.setSwitch('proxyProtocol', 'anyone')
    throw new Error('broke off')
  })
  await expect(forgetful).rejects.toThrow('broke off')
  expect(now()).toEqual(defaultSwitches(shop))
  expect(told).toEqual(['policy', 'proxyProtocol', 'policy', 'proxyProtocol'])
})

test('what nobody changed is not touched: each change costs an acknowledgement of every workload', async () => {
  const { lab, told } = fakeLab()
  await keepingSwitches(lab, async () => {})
  expect(await setSwitches(lab, defaultSwitches(shop))).toEqual([])
  expect(told).toEqual([])
})
