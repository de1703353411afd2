import { endsOf, withLater } from '../../services/control/rollout/accounted.ts'
import { broadened } from '../../services/control/rollout/broad-policy.ts'
import type { LastingCaller } from '../../services/control/rollout/guard-settings.ts'
import { type Closing, lastingCallers } from '../../services/control/rollout/lasting-callers.ts'
import { planOf } from '../../services/control/rollout/plan.ts'
import type { Mode } from '../../services/modes.ts'
import { readUntil } from '../flows/patience.ts'
import { sinceTime } from '../gate.ts'
import type { LabClient } from '../lab-client.ts'
import type { Inquiry } from './section.ts'

/** Which callers seen lately would break: those nobody moves, going a way that is closed then. */
export const breakingCallers: Inquiry = async (lab, question) => {
  const callers = await observeCallers(lab, question.to, question.since)
  const since = question.since === null ? 'as far back as workloads remember' : `since ${question.since}`
  return {
    id: 'callers',
    title: 'Which callers seen lately would break?',
    answer:
      callers.length === 0
        ? `none was seen, ${since}`
        : `${callers.length}, ${since}: no workload accounts for what they ask, so nobody moves them`,
    passed: callers.length === 0,
    columns: ['caller', 'to', 'by', 'seen', 'stated name'],
    rows: callers.map(({ address, callee, transport, requests, lastSeen, caller }) => [
      ...[address, callee, transport, `${requests}×, last ${lastSeen.slice(11, 19)}`, caller ?? 'none'],
    ]),
    items: callers,
  }
}

/** Looks at what every callee saw; what nobody seems to account for is looked up in callers' records again. */
const observeCallers = async (lab: LabClient, to: Mode, since: string | null): Promise<LastingCaller[]> => {
  const { topology } = lab
  const [{ workloads }, { policy }] = await Promise.all([lab.state(), lab.switches()])
  const everything = Object.fromEntries(Object.keys(topology.workloads).map(name => [name, 0]))
  const first = await lab.reports(everything)
  const closing: Closing = {
    topology,
    target: Object.fromEntries(
      Object.entries(planOf(topology, to)).map(([name, posture]) => [
        name,
        { ...posture, rules: broadened(topology, posture, policy) },
      ]),
    ),
    reports: Object.fromEntries(Object.entries(first).map(([name, report]) => [name, sinceTime(report, since)])),
    proxies: workloads.find(({ name }) => name === topology.ingress.edge)?.dialsFrom ?? [],
  }
  const ends = endsOf(first)
  const look = async () => lastingCallers({ ...closing, accounts: withLater(first, await lab.reports(ends)) })
  return readUntil(look, callers => callers.length === 0, { tries: 4, pauseMs: 40 })
}
