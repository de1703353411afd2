import { findLab } from '../lab/state-file.ts'
import { connectLab, type LabClient } from '../scenarios/lab-client.ts'
import type { Screen } from './screen.ts'

/** What every command is given: where the lab is, and where to speak. */
export type Context = { stateDir: string; screen: Screen }

/** Does something with the running lab. Throws as {@link findLab} and connectLab do. */
export const withLab = async <Result>(
  { stateDir }: Context,
  work: (lab: LabClient) => Promise<Result>,
): Promise<Result> => {
  const lab = await connectLab(findLab(stateDir).access)
  try {
    return await work(lab)
  } finally {
    await lab.close()
  }
}
