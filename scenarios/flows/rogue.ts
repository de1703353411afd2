import type { FailureName } from '../../services/chassis/failures.ts'
import type { KeyPair } from '../../services/chassis/tls-options.ts'
import type { Hop } from '../../services/modes.ts'
import type { LabClient } from '../lab-client.ts'
import { allLinks, type LinkScenario, type Observed } from '../scenario.ts'
import { idOf, isInner } from './hops.ts'
import { callAsCaller, callFromInside, type InsiderOutcome, wasServed } from './insider-call.ts'

/** What a rogue presents, and by which failures of the callee it is to be recognized there. */
export type Rogue = {
  what: string
  pair?: (lab: LabClient, hop: Hop) => KeyPair | Promise<KeyPair>
  refusedAs: readonly FailureName[]
}

/**
 * A rogue calls every callee over the transport its link has, stating the real caller's name as any insider would.
 * A certificate is only looked at under mutual TLS: elsewhere nobody asks for one, so what it is does not matter.
 */
export const rogueScenario = (rogue: Rogue): Pick<LinkScenario, 'per' | 'select' | 'expected' | 'run'> => ({
  per: 'link',
  select: isInner,
  expected: ({ transport }) => (transport === 'mtls' ? 'holds' : 'broken'),
  run: allLinks(async (lab, hop) => {
    const pair = await rogue.pair?.(lab, hop)
    const statedCaller = idOf(lab.topology, hop.link.caller)
    const tried = await callFromInside(lab, hop, rogue.what, { ...(pair ? { pair } : {}), statedCaller })
    return judgeRogue(hop, rogue, tried, await callAsCaller(lab, hop))
  }),
})

/** Broken when it was served; holds when the callee refused the connection for what it is, and no request came of it. */
export const judgeRogue = (
  hop: Hop,
  { what, refusedAs }: Rogue,
  tried: InsiderOutcome,
  genuine: InsiderOutcome,
): Observed => {
  const { caller, callee } = hop.link
  const control = { passed: wasServed(hop, genuine), evidence: genuine.evidence }
  const { evidence, request, refusal } = tried
  if (wasServed(hop, tried)) {
    const because = `${callee} served a caller with ${what} as ${request?.caller ?? 'nobody'}`
    return { verdict: 'broken', because, evidence, control }
  }
  const cause = refusal?.failure
  const due = cause !== undefined && !request && refusedAs.some(name => name === cause.name)
  if (due) {
    const because = `${callee} refused ${what} as ${cause.name}${strange(cause.name)}, and no request reached it`
    return { verdict: 'holds', because, evidence, control }
  }
  return {
    verdict: 'broken',
    because: `${what} was turned away from ${caller} → ${callee}, but not for what it is`,
    evidence,
    control: { passed: false, evidence: [...control.evidence, ...evidence] },
  }
}

/** A name that needs a word: OpenSSL reports the last fault it meets, and a stranger's issuer has no list here. */
const strange = (name: string): string =>
  name === 'crl-missing' ? " (nobody here has the issuer's revocation list)" : ''
