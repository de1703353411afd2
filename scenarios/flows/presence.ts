import type { LabClient } from '../lab-client.ts'

/** Who can be asked for records now, and who cannot: whoever has no stream to the control plane. */
export type Presence = { here: string[]; away: string[] }

/** By the control plane's word of this moment; whoever goes away after it fails the question that is put to him. */
export const presence = async (lab: LabClient): Promise<Presence> => {
  const { workloads } = await lab.state()
  const named = (there: boolean) => workloads.filter(({ connected }) => connected === there).map(({ name }) => name)
  return { here: named(true), away: named(false) }
}
