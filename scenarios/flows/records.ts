import type { Observations } from '../../services/chassis/observation.ts'
import type { LabClient } from '../lab-client.ts'

/** A place in each workload's records, by workload: what comes after it is new. */
export type Marks = Record<string, number>

/** Later than any cursor: nothing is new after it. */
const endOfTime = 999_999_999_999

/** What these workloads hold and run now, without their records; all of them without a list. */
export const reportsNow = (lab: LabClient, workloads = Object.keys(lab.topology.workloads)) =>
  lab.reports(Object.fromEntries(workloads.map(name => [name, endOfTime])))

/** Where the records of these workloads end now; of all without a list. */
export const mark = async (lab: LabClient, workloads?: string[]): Promise<Marks> =>
  Object.fromEntries(Object.entries(await reportsNow(lab, workloads)).map(([name, { cursor }]) => [name, cursor]))

/** What the marked workloads recorded since. */
export const recordsSince = (lab: LabClient, marks: Marks): Promise<Record<string, Observations>> => lab.reports(marks)
