import type { LabClient } from '../lab-client.ts'
import { mark, recordsSince } from './records.ts'

/**
 * Does `work` while these workloads report their TLS session secrets, and hands over what each reported: what somebody
 * would have who had taken over that workload. Connections made before yield nothing, so `work` makes new ones.
 */
export const withKeyLogs = <Result>(
  lab: LabClient,
  workloads: readonly string[],
  work: () => Promise<Result>,
): Promise<{ result: Result; keyLogs: Record<string, string[]> }> =>
  whileDebugging(lab, workloads, async () => {
    const before = await mark(lab, [...workloads])
    const result = await work()
    const reports = await recordsSince(lab, before)
    const keyLogs = Object.fromEntries(Object.entries(reports).map(([name, { keyLog }]) => [name, keyLog]))
    return { result, keyLogs }
  })

/** A debug session around `work` for all of these workloads; those in one already are left in it. */
export const whileDebugging = async <Result>(
  lab: LabClient,
  workloads: readonly string[],
  work: () => Promise<Result>,
): Promise<Result> => {
  const state = await lab.state()
  const quiet = state.workloads
    .filter(({ name, keyLog }) => workloads.includes(name) && !keyLog)
    .map(({ name }) => name)
  try {
    for (const name of quiet) await lab.keyLog(name, true)
    return await work()
  } finally {
    for (const name of quiet) await lab.keyLog(name, false)
  }
}
