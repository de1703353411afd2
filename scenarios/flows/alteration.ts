import type { ConnectionRecord, Observations } from '../../services/chassis/observation.ts'
import type { Hop } from '../../services/modes.ts'
import { reachableFrom } from '../../services/topology/graph.ts'
import type { Topology } from '../../services/topology/topology.ts'
import type { LabClient } from '../lab-client.ts'
import type { Evidence } from '../scenario.ts'
import type { Attempt } from '../tools/attempt.ts'
import { freshCanary, freshNumber } from '../tools/canary.ts'
import { createOutsider, type Outsider } from '../tools/outsider.ts'
import { failed, outcome, succeeded } from './evidence.ts'
import { isInner } from './hops.ts'
import { readUntil } from './patience.ts'
import { mark, recordsSince } from './records.ts'
import { restoringWire } from './wire.ts'

/** What became of one request that was changed on one link. */
export type Altered = {
  field: string
  /** The same request before, unaltered. */
  control: { passed: boolean; attempt: Attempt }
  attempt: Attempt
  /** The answer carries the attacker's value. */
  accepted: boolean
  /** How the caller's end of the link learned of it. */
  failure?: { name: string; evidence: Evidence }
  /** Requests on this link, and on links behind it, that were answered with success meanwhile. */
  completed: number
  /** How often the tap struck. */
  hits: number
}

/** The number in the probe that is worth changing; undefined when there is none. */
export const alteredField = ({ probe }: Topology): string | undefined =>
  Object.entries(probe.body).find(([, value]) => typeof value === 'number')?.[0]

const tries = 5

/** Changes the field in plaintext, or bytes of the encrypted record that carries it. */
export const alterOnce = async (lab: LabClient, hop: Hop): Promise<Altered> => {
  const field = alteredField(lab.topology)!
  const outsider = await createOutsider(lab, { keepAlive: true })
  try {
    return await restoringWire(lab, hop.link.id, async () => {
      // Ciphertext has the bytes sought for by chance, almost surely; where it has none, another request will.
      for (let left = tries; ; left--) {
        const altered = await attack(lab, hop, outsider, field)
        if (altered.hits > 0 || left === 1) return altered
      }
    })
  } finally {
    outsider.close()
  }
}

const attack = async (lab: LabClient, hop: Hop, outsider: Outsider, field: string): Promise<Altered> => {
  const { caller, callee, id } = hop.link
  const tap = lab.wire(id)
  const place = (canary: ReturnType<typeof freshCanary>) =>
    outsider.send({ method: canary.method, path: canary.path, body: canary.body, headers: canary.headers })
  // Goes first and leaves its connections open: the attack is on the records of a handshake already done.
  const before = freshCanary(lab.topology)
  const unaltered = await place(before)
  const passed = succeeded(unaltered) && unaltered.answered && unaltered.body.includes(before.needles[field]!)
  const canary = freshCanary(lab.topology)
  const wanted = String(freshNumber())
  for (const { find, replace } of rulesFor(hop, canary.needles[field]!, wanted))
    await tap.alter({ find, replace, direction: 'to-callee' })
  const reached = reachableFrom(
    callee,
    lab.topology.links.map(link => ({ from: link.caller, to: link.callee })),
  )
  const behind = lab.topology.links.filter(link => reached.has(link.caller)).map(link => link.id)
  const marks = await mark(lab, [...new Set([...(isInner(hop) ? [caller] : []), ...reached])])
  const attempt = await place(canary)
  const reports = await readUntil(
    () => recordsSince(lab, marks),
    seen => attempt.answered || seen[caller]?.connections.some(isLossOn(id)) === true,
  )
  const { alterations } = await tap.report()
  await tap.restore()
  const lost = reports[caller]?.connections.find(isLossOn(id))
  const failure = lost ? ofRecord(lost, caller) : ofAttempt(attempt)
  return {
    field,
    control: { passed, attempt: unaltered },
    attempt,
    accepted: attempt.answered && attempt.body.includes(wanted),
    ...(failure ? { failure } : {}),
    completed: [...reached].reduce((sum, name) => sum + completedIn(reports[name], [id, ...behind]), 0),
    hits: alterations.reduce((sum, { hits }) => sum + hits, 0),
  }
}

/**
 * In ciphertext four byte values become others. Smaller ones, so that where one of them is a record's length the
 * callee does not wait for more but checks what it has.
 */
const rulesFor = ({ transport }: Hop, value: string, wanted: string) =>
  transport === 'plaintext'
    ? [{ find: { text: value }, replace: { text: wanted } }]
    : ['a5', 'b6', 'c7', 'd8'].map((hex, i) => ({ find: { hex }, replace: { hex: `${i + 2}${hex[1]}` } }))

const completedIn = (report: Observations | undefined, links: readonly string[]): number =>
  (report?.requests ?? []).filter(({ status, rule }) => links.includes(rule ?? '') && status >= 200 && status < 300)
    .length

const isLossOn = (id: string) => (record: ConnectionRecord) =>
  record.side === 'client' && record.link === id && record.failure !== undefined

const ofRecord = (record: ConnectionRecord, where: string) => ({
  name: record.failure!.name,
  evidence: failed(`what ${where} recorded`, where, record),
})

const ofAttempt = (attempt: Attempt) =>
  attempt.answered
    ? undefined
    : { name: attempt.failure.name, evidence: outcome('how its connection ended', 'client', attempt) }
