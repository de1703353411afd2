import { HopError } from '../../pki/error.ts'
import type { LabClient } from '../lab-client.ts'

/** Who can be asked for records now, and who cannot: whoever has no stream to the control plane, or does not answer on it. */
export type Presence = { here: string[]; away: string[] }

/** Later than any cursor: nothing is new after it. */
const endOfTime = 999_999_999_999

/**
 * By everybody's own word of this moment: a workload whose certificate has ended may be connected still and cannot answer any
 * more. Whoever goes away after it fails the question that is put to him.
 */
export const presence = async (lab: LabClient): Promise<Presence> => {
  const { workloads } = await lab.state()
  const asked = await Promise.all(
    workloads.map(async ({ name, connected }) => ({ name, there: connected && (await answers(lab, name)) })),
  )
  const named = (wanted: boolean) => asked.filter(({ there }) => there === wanted).map(({ name }) => name)
  return { here: named(true), away: named(false) }
}

const answers = async (lab: LabClient, name: string): Promise<boolean> => {
  try {
    await lab.report(name, endOfTime)
    return true
  } catch (error) {
    if (error instanceof HopError && error.code !== 'lab-not-running') return false
    throw error
  }
}
