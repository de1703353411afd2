import { X509Certificate } from 'node:crypto'
import type { Hop } from '../../services/modes.ts'
import { type Calls, callsIn } from '../calls.ts'
import { idOf, isInner } from '../flows/hops.ts'
import { callAsCaller, callFromInside, type InsiderOutcome, wasServed } from '../flows/insider-call.ts'
import { mark, recordsSince } from '../flows/records.ts'
import type { LabClient } from '../lab-client.ts'
import { allLinks, defineScenario, type Evidence, type Observed } from '../scenario.ts'

/**
 * Who called, and by which rule? Every workload records each decision, in every mode. What the record is worth depends on
 * what the name in it rests on: anybody can have a name written there that he only states.
 */
export default defineScenario({
  id: 'audit-trail',
  claims: ['I6'],
  title: 'Does the audit trail prove who called, and by which rule?',
  guarantee: 'who called on <link>, and by which rule, can be answered with proof',
  explanation:
    'The real caller makes a call that its rule allows and one that it does not, then an impostor makes the first one in its name; afterwards the callee’s records are asked who called. Each decision is there with caller, request and rule. Under mutual TLS the name comes with the serial of the certificate that proved it, and the impostor is not among the callers; elsewhere his call stands there as the real caller’s.',
  per: 'link',
  select: isInner,
  expected: ({ transport }) => (transport === 'mtls' ? 'holds' : 'broken'),
  run: allLinks(async (lab, hop) => judgeTrail(hop, await leaveTrail(lab, hop))),
})

/** What was done on a hop, and what the callee's records say of it. `serial`: of the real caller's certificate. */
export type Trail = {
  caller: string
  serial: string
  genuine: InsiderOutcome
  beyond: InsiderOutcome
  impostor: InsiderOutcome
  calls: Calls[]
}

const beyondAnyRule = '/not-in-any-rule'

const leaveTrail = async (lab: LabClient, hop: Hop): Promise<Trail> => {
  const { topology } = lab
  const { caller: name, callee } = hop.link
  const caller = idOf(topology, name)
  const { chain } = await lab.credentials.stolen(name)
  const marks = await mark(lab, [callee])
  const genuine = await callAsCaller(lab, hop)
  const beyond = await callAsCaller(lab, hop, { path: beyondAnyRule })
  const impostor = await callFromInside(lab, hop, `somebody who says he is ${name}`, { statedCaller: caller })
  return {
    caller,
    serial: new X509Certificate(chain).serialNumber.toLowerCase(),
    ...{ genuine, beyond, impostor },
    calls: callsIn(topology, await recordsSince(lab, marks)),
  }
}

/**
 * Holds when both of the caller's calls are on record under the very certificate they were made with, and the impostor's
 * is not among his. The control: both are on record as it is, with request and decision, whatever the name rests on.
 */
export const judgeTrail = (hop: Hop, trail: Trail): Observed => {
  const { caller, serial, genuine, beyond, impostor, calls } = trail
  const { callee, id } = hop.link
  const his = calls.filter(call => call.caller === caller && call.method === genuine.request?.method)
  const allowed = his.find(call => call.rule === id && call.path !== undefined)
  const denied = his.find(call => call.denied !== undefined && call.path === beyondAnyRule)
  const entries = [allowed, denied].filter(entry => entry !== undefined)
  const proven =
    entries.length === 2 && entries.every(call => call.by === 'certificate' && call.certificates.includes(serial))
  const mistaken = impostor.request?.caller === caller && impostor.request.callerBy === 'header'
  const turnedAway = !impostor.request && calls.some(call => call.denied === 'no-client-certificate')
  return {
    verdict: mistaken || !proven ? 'broken' : 'holds',
    because: mistaken
      ? `the trail of ${callee} has a call of ${caller} that somebody else made: the name is only stated`
      : proven
        ? `the trail of ${callee} names ${caller} by certificate ${serial}, with the rule that allowed or denied each call`
        : `the trail of ${callee} does not prove who called`,
    evidence: [...entries.map(entryOf), ...impostor.evidence],
    control: {
      passed: entries.length === 2 && wasServed(hop, genuine) && (mistaken || (proven && turnedAway)),
      evidence: [...genuine.evidence, ...beyond.evidence],
    },
  }
}

const entryOf = ({ callee, caller, by, certificates, method, path, rule, denied, times }: Calls): Evidence => {
  const proof = certificates.length > 0 ? ` ${certificates.join(', ')}` : ''
  const decision = rule === undefined ? `denied: ${denied}` : `allowed by ${rule}`
  const text = `${method} ${path} from ${caller} by ${by}${proof}, ${decision}, ${times} times`
  return { kind: 'text', title: 'an entry of the trail', where: callee, text }
}
