import { type About, timeOf } from '../chassis/about.ts'
import type { Observations } from '../chassis/observation.ts'

/** What workloads remember of one request or trace, by workload; who could not be asked is named. */
export type Collected = { id: string; reports: Record<string, Observations>; away: string[] }

type Ask = (name: string, about: About) => Promise<Observations>

/**
 * Asks everybody. Who has no record of it may still have refused its connection, or passed it on unopened: those are asked
 * again, now that the others have told when it was.
 */
export const collectAbout = async (id: string, names: readonly string[], ask: Ask): Promise<Collected> => {
  const reports = new Map<string, Observations>()
  const askAll = (some: readonly string[], about: About) =>
    Promise.all(
      some.map(async name => {
        const seen = await ask(name, about).catch(() => undefined)
        if (seen) reports.set(name, seen)
      }),
    )
  await askAll(names, { id })
  const told = [...reports.values()].flatMap(({ requests }) => requests)
  if (told.length > 0) {
    const others = names.filter(name => reports.get(name)?.requests.length === 0)
    await askAll(others, { id, ...timeOf(told) })
  }
  const inOrder = names.flatMap(name => (reports.has(name) ? [[name, reports.get(name)!] as const] : []))
  return { id, reports: Object.fromEntries(inOrder), away: names.filter(name => !reports.has(name)) }
}
