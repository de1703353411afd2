import type { Cause } from './cause.ts'
import { diagnose } from './diagnose.ts'
import type { Report } from './finding.ts'
import { type Look, triedIn } from './pairing.ts'

/** Connections on one link that failed for one cause. `over`: the link has served a request since. */
export type Refusals = {
  link: string
  caller: string
  callee: string
  cause: Cause
  times: number
  /** ISO 8601. */
  last: string
  over: boolean
  /** The caller is nobody of the lab, as far as anybody can tell: then it is the refusal that works. */
  stranger: boolean
}

/** What the workloads recorded of refused connections since (ms), both ends' records put together, by link and cause. */
export const refusalsIn = (looked: Look, since: number): Refusals[] => {
  const found = new Map<string, Refusals>()
  for (const tried of triedIn(looked, since)) {
    const cause = diagnose({ ...tried, at: tried.at, authorities: looked.trust.authorities })
    if (!cause) continue
    const { link, at } = tried
    const key = `${link} ${cause.name} ${cause.fault}`
    const before = found.get(key)
    const last = new Date(Math.max(at, before ? Date.parse(before.last) : 0)).toISOString()
    const { callee } = tried
    found.set(key, {
      ...{ link, caller: tried.caller.name, callee: callee.name, cause, times: (before?.times ?? 0) + 1, last },
      over: servedSince(looked.reports[callee.name], link, last),
      stranger: tried.stranger,
    })
  }
  return [...found.values()].sort((a, b) => (a.link < b.link ? -1 : 1))
}

const servedSince = (callee: Report | undefined, link: string, at: string): boolean =>
  callee?.requests.some(request => request.rule === link && request.at > at) ?? false
