import { isDeepStrictEqual } from 'node:util'
import type { Switches, SwitchName } from '../../services/control/rollout/switches.ts'
import type { LabClient } from '../lab-client.ts'

/** Does `work` while one switch of the lab stands otherwise, and sets it back whatever happens. */
export const whileSwitched = async <Name extends SwitchName, Result>(
  lab: LabClient,
  name: Name,
  value: (before: Switches[Name]) => Switches[Name],
  work: () => Promise<Result>,
): Promise<Result> => {
  const { [name]: before } = await lab.switches()
  await lab.setSwitch(name, value(before))
  try {
    return await work()
  } finally {
    await lab.setSwitch(name, before)
  }
}

/** Does `work`, and sets back whatever switch it left changed, however it ended. */
export const keepingSwitches = async <Result>(lab: LabClient, work: () => Promise<Result>): Promise<Result> => {
  const before = await lab.switches()
  try {
    return await work()
  } finally {
    await setSwitches(lab, before)
  }
}

/** Sets every switch that stands otherwise to what it is here. Answers which those were. */
export const setSwitches = async (lab: LabClient, wanted: Switches): Promise<SwitchName[]> => {
  const now = await lab.switches()
  const changed = (Object.keys(wanted) as SwitchName[]).filter(name => !isDeepStrictEqual(now[name], wanted[name]))
  for (const name of changed) await lab.setSwitch(name, wanted[name])
  return changed
}
