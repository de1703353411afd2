import { setTimeout as wait } from 'node:timers/promises'
import { type PlaintextSeen, plaintextSeen } from '../services/control/measures/plaintext-seen.ts'
import { lastReached, sinceTime } from '../services/control/measures/reach.ts'
import { readUntil } from './flows/patience.ts'
import { presence } from './flows/presence.ts'
import { type Marks, recordsSince } from './flows/records.ts'
import type { LabClient } from './lab-client.ts'
import { freshCanary } from './tools/canary.ts'
import { createOutsider } from './tools/outsider.ts'

export type GateOptions = {
  /** Also what is declared and crosses a border, and what its callee turned away. */
  strict?: boolean
  /** Links that are let be, as {@link PlaintextSeen} names them. */
  allow?: readonly string[]
}

/** What the gate makes of one link: `refused` fails it, a `finding` is told, the rest is noted. */
export type GateFinding = PlaintextSeen & { decision: 'refused' | 'finding' | 'noted' | 'allowed'; because: string }

export type GateReport = {
  topology: string
  mode: string
  /** ISO 8601; what is older was not looked at. Null: all that workloads still remember. */
  since: string | null
  /** What became of the gate's own request: a status, or a failure's name. Absent: it sent none. */
  probe?: string
  /** False too where its own request was not served, or somebody could not be asked: then not all was seen. */
  passed: boolean
  /** Workloads that could not be asked. */
  away: string[]
  findings: GateFinding[]
}

/** Sorts what was seen: undeclared plaintext over a zone border is refused, the worst first. */
export const judgeGate = (seen: readonly PlaintextSeen[], { strict = false, allow = [] }: GateOptions) => {
  const findings = seen
    .map((each): GateFinding => ({ ...each, ...decide(each, strict, allow) }))
    .sort((a, b) => order.indexOf(a.decision) - order.indexOf(b.decision) || (a.link < b.link ? -1 : 1))
  return { passed: findings.every(({ decision }) => decision !== 'refused'), findings }
}

const order: readonly GateFinding['decision'][] = ['refused', 'finding', 'allowed', 'noted']

const decide = (
  seen: PlaintextSeen,
  strict: boolean,
  allow: readonly string[],
): Pick<GateFinding, 'decision' | 'because'> => {
  const { crossesZone, declared, intended, connections, refused, zones } = seen
  if (allow.includes(seen.link)) return { decision: 'allowed', because: 'allowed by name' }
  const where = crossesZone
    ? `from ${zones.caller ?? 'nobody knows where'} to ${zones.callee ?? 'nobody knows where'}`
    : `inside ${zones.caller}`
  const what = declared
    ? `declared plaintext ${where}`
    : `undeclared plaintext ${where}${intended ? `, meant to be ${intended}` : ''}`
  if (!crossesZone) return { decision: declared ? 'noted' : 'finding', because: what }
  if (declared) return { decision: strict ? 'refused' : 'finding', because: what }
  if (connections > 0 && refused === connections)
    return { decision: strict ? 'refused' : 'finding', because: `${what}, turned away by the callee` }
  return { decision: 'refused', because: what }
}

export type ObserveOptions = GateOptions & {
  /** ms since the epoch; absent: since the present mode was reached. `all`: whatever is remembered. */
  since?: number | 'all'
  /** Sends one request of the public client first, so that there is traffic. */
  probe?: boolean
}

/** What a request sets off comes later than its answer: records, and what log pipelines make of them. */
const aftermathMs = 400

/**
 * Asks every workload that is there what it saw, and judges that. A caller's record of a request follows its callee's, so what nobody
 * seems to account for is looked at again.
 */
export const observeGate = async (lab: LabClient, options: ObserveOptions = {}): Promise<GateReport> => {
  const probed = options.probe === false ? undefined : await probe(lab)
  const { mode } = await lab.state()
  const { topology } = lab
  const { here, away } = await presence(lab)
  const since = options.since === 'all' ? null : (options.since ?? (await reachedAt(lab)))
  const from = since === null ? null : new Date(since).toISOString()
  const look = async () => {
    const all = await recordsSince(lab, Object.fromEntries(here.map(name => [name, 0])))
    const reports = Object.fromEntries(Object.entries(all).map(([name, report]) => [name, sinceTime(report, from)]))
    return judgeGate(plaintextSeen({ topology, mode, reports }), options)
  }
  const judged = await readUntil(look, ({ passed }) => passed, { tries: 5, pauseMs: 60 })
  const passed = judged.passed && away.length === 0
  const seen = { topology: topology.name, mode, since: from, ...judged, passed, away }
  return probed ? { ...seen, probe: probed.outcome, passed: passed && probed.served } : seen
}

/** The same about what came after these marks. */
export const gateSince = async (lab: LabClient, marks: Marks, options: GateOptions = {}) => {
  const { mode } = await lab.state()
  return judgeGate(plaintextSeen({ topology: lab.topology, mode, reports: await recordsSince(lab, marks) }), options)
}

/** As a user whose token is good, wherever tokens may be asked for. */
const probe = async (lab: LabClient): Promise<{ served: boolean; outcome: string }> => {
  const { method, path, body } = freshCanary(lab.topology)
  const roles = Object.values(lab.topology.tokens.roles).map(({ role }) => role)
  const headers = { authorization: `Bearer ${await lab.token({ subject: 'gate', roles })}` }
  const answer = await (await createOutsider(lab)).send({ method, path, body, headers })
  await wait(aftermathMs)
  return answer.answered
    ? { served: answer.status < 400, outcome: String(answer.status) }
    : { served: false, outcome: answer.failure.name }
}

/** When the last change of mode was over: what was open before may have been meant otherwise. */
export const reachedAt = async (lab: LabClient): Promise<number | null> => {
  let last: number | null = null
  for (let id = 0; ; ) {
    const entries = await lab.audit(id)
    last = lastReached(entries) ?? last
    const end = entries.at(-1)
    if (!end || entries.length < 1000) return last
    id = end.id
  }
}
