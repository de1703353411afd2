import type { Hop } from '../../services/modes.ts'
import { outcome, succeeded } from '../flows/evidence.ts'
import { idOf, isInner } from '../flows/hops.ts'
import { callAsCaller, callFromInside, type InsiderOutcome, wasServed } from '../flows/insider-call.ts'
import { mark } from '../flows/records.ts'
import { type GateFinding, gateSince } from '../gate.ts'
import type { LabClient } from '../lab-client.ts'
import { defineScenario, type Evidence, type LinkScenario, type Observed } from '../scenario.ts'
import { type Attempt, attempt } from '../tools/attempt.ts'
import { startNewcomer } from '../tools/newcomer.ts'

/** A new service that came the easy way: plain HTTP in, plain HTTP out, the name of an older one copied along. */
export default defineScenario({
  id: 'sprawl-service',
  claims: ['B6'],
  title: 'Does a service that is added in plaintext get to talk?',
  guarantee: 'a service added later cannot talk plaintext beside <link>',
  explanation:
    'A service that no topology declares is started. It is called in plaintext and calls the callee of each link in plaintext, under the name of the caller that belongs there. Where the callee takes plaintext it is served, and everything works, so nobody notices; where the callee takes only TLS it is turned away at its first byte. Either way the gate finds it in what the callee recorded: no workload accounts for that connection.',
  per: 'link',
  select: isInner,
  expected: ({ transport }) => (transport === 'plaintext' ? 'broken' : 'holds'),
  run: async (lab, hops) => {
    const marks = await mark(lab)
    const tried = await Promise.all(hops.map(hop => beCalled(lab, hop)))
    const { findings } = await gateSince(lab, marks)
    const genuine = await Promise.all(hops.map(hop => callAsCaller(lab, hop)))
    return new Map(
      hops.map((hop, i) => {
        const { asked, call } = tried[i]!
        const finding = findings.find(
          ({ caller, callee }) => caller === call?.attempt.from && callee === hop.link.callee,
        )
        return [hop.link.id, judgeNewcomer(hop, { asked, call, finding, genuine: genuine[i]! })]
      }),
    )
  },
} satisfies LinkScenario)

/** Somebody asks the newcomer something, for which it calls the callee. */
const beCalled = async (lab: LabClient, hop: Hop) => {
  const statedCaller = idOf(lab.topology, hop.link.caller)
  let call: InsiderOutcome | undefined
  const newcomer = await startNewcomer(lab.standsAt, async () => {
    call = await callFromInside(lab, { ...hop, transport: 'plaintext' }, 'the newcomer', { statedCaller })
  })
  try {
    const asked = await attempt({ address: newcomer.address, method: 'GET', path: '/' })
    return { asked, call }
  } finally {
    await newcomer.close()
  }
}

type Came = {
  asked: Attempt
  call: InsiderOutcome | undefined
  finding: GateFinding | undefined
  genuine: InsiderOutcome
}

/**
 * Broken when the callee served the newcomer; holds when it turned his plaintext away for what it is. The control: the
 * gate found exactly this connection among all that was recorded, and the link's own caller is served.
 */
export const judgeNewcomer = (hop: Hop, { asked, call, finding, genuine }: Came): Observed => {
  const { callee } = hop.link
  const served = call !== undefined && wasServed(hop, call)
  const turnedAway = call !== undefined && !call.request && call.refusal?.failure?.name === 'plaintext-to-tls'
  const found = finding !== undefined && !finding.declared && finding.refused === (turnedAway ? 1 : 0)
  return {
    verdict: served ? 'broken' : 'holds',
    because: served
      ? `${callee} served a service nobody declared, over plaintext; ${found ? 'the gate found it' : 'the gate missed it'}`
      : `${callee} turned the newcomer's plaintext away; ${found ? 'the gate found the attempt' : 'the gate missed it'}`,
    evidence: [...(call?.evidence ?? []), ...(finding ? [told(finding)] : [])],
    control: {
      passed: succeeded(asked) && found && (served || turnedAway) && wasServed(hop, genuine),
      evidence: [outcome('what the newcomer itself was asked', 'newcomer', asked), ...genuine.evidence],
    },
  }
}

/** One line of the gate as evidence. */
export const told = ({ link, because, connections, refused, requests, decision }: GateFinding): Evidence => ({
  ...{ kind: 'text', title: `the gate: ${decision}`, where: link },
  text: `${because}; connections: ${connections}, turned away: ${refused}, requests: ${requests}`,
})
