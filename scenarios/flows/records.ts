import type { Observations } from '../../services/chassis/observation.ts'
import type { LabClient } from '../lab-client.ts'

/** A place in each workload's records, by workload: what comes after it is new. */
export type Marks = Record<string, number>

/** Later than any cursor, so the answer is the cursor alone. */
const endOfTime = 999_999_999_999_999

/** Where the records of these workloads end now; of all without a list. */
export const mark = async (lab: LabClient, workloads = Object.keys(lab.topology.workloads)): Promise<Marks> =>
  Object.fromEntries(
    await Promise.all(
      workloads.map(async name => [name, (await lab.report(name, endOfTime)).cursor] as [string, number]),
    ),
  )

/** What the marked workloads recorded since. */
export const recordsSince = async (lab: LabClient, marks: Marks): Promise<Record<string, Observations>> =>
  Object.fromEntries(
    await Promise.all(
      Object.entries(marks).map(
        async ([name, since]) => [name, await lab.report(name, since)] as [string, Observations],
      ),
    ),
  )
