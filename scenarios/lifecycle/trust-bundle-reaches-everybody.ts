import type { TrustState } from '../../services/control/certificates/trust-state.ts'
import type { Hop } from '../../services/modes.ts'
import type { Topology } from '../../services/topology/topology.ts'
import { everywhere } from '../expected.ts'
import { count } from '../flows/evidence.ts'
import { idOf, isInner } from '../flows/hops.ts'
import { callFromInside, type InsiderOutcome, wasServed } from '../flows/insider-call.ts'
import type { LabClient } from '../lab-client.ts'
import { defineScenario, type Evidence, type Observed } from '../scenario.ts'

/** Trust is worth what the last workload makes of it. One is kept from the news; a stolen certificate is revoked meanwhile. */
export default defineScenario({
  id: 'trust-bundle-reaches-everybody',
  claims: ['L14'],
  title: 'Does everybody get the trust bundle, and is it known who did not?',
  guarantee: 'everybody acknowledges the trust that was given out, or is known by name',
  explanation:
    'Roots and revocation lists are given out, and each workload acknowledges what it took; the time until the last one did is measured. One of them is left out on purpose: it has to be found by name. What that costs is tried where callers prove themselves: a certificate revoked in the meantime still opens the one that has not heard, until the news reaches it.',
  per: 'system',
  expected: everywhere('holds'),
  async run(lab, hops) {
    const hop = hops.findLast(each => isInner(each) && each.transport === 'mtls')
    const missed = hop?.link.callee ?? Object.keys(lab.topology.workloads).at(-1)!
    return judgeReach(lab.topology, hop, await withholdFrom(lab, missed, hop))
  },
})

/** Trust as acknowledged while one was left out and after it was not, and what the revoked certificate got from it. */
export type Reach = {
  missed: string
  before: TrustState
  meanwhile: TrustState
  after: TrustState
  thief?: { meanwhile: InsiderOutcome; after: InsiderOutcome }
}

const withholdFrom = async (lab: LabClient, missed: string, hop: Hop | undefined): Promise<Reach> => {
  const { credentials, lifecycle } = lab
  const caller = hop?.link.caller ?? missed
  const pair = await credentials.stolenAnew(caller)
  const guise = { pair, statedCaller: idOf(lab.topology, caller) }
  const before = await lifecycle.trust()
  const were = await lab.setSwitch('trustWithheld', [missed])
  let told: Pick<Reach, 'meanwhile'> & { use?: InsiderOutcome }
  try {
    await credentials.revoke(pair)
    told = {
      meanwhile: await lifecycle.trust(),
      ...(hop
        ? { use: await callFromInside(lab, hop, 'the revoked certificate, where the news is missing', guise) }
        : {}),
    }
  } finally {
    await lab.setSwitch('trustWithheld', were)
  }
  const after = await lifecycle.trust()
  const { meanwhile, use } = told
  if (!hop || !use) return { missed, before, meanwhile, after }
  const late = await callFromInside(lab, hop, 'the revoked certificate, where the news has come', guise)
  return { missed, before, meanwhile, after, thief: { meanwhile: use, after: late } }
}

/** Broken when it looked as if everybody had it, or somebody else had not. The control: before and after, everybody has it. */
export const judgeReach = (topology: Topology, hop: Hop | undefined, seen: Reach): Observed => {
  const { missed, before, meanwhile, after, thief } = seen
  const names = Object.keys(topology.workloads)
  const without = (state: TrustState) => names.filter(name => !hasTaken(state, name))
  const found = without(meanwhile)
  const alone = found.length === 1 && found[0] === missed
  const cost = !hop || !thief || (wasServed(hop, thief.meanwhile) && thief.after.refusal?.failure?.name === 'revoked')
  const others = names.filter(name => name !== missed)
  const ms = Math.max(0, ...others.map(name => (meanwhile.workloads[name]?.at ?? 0) - meanwhile.publishedAt))
  return {
    verdict: alone ? 'holds' : 'broken',
    because: alone
      ? `everybody else acknowledged within ${ms} ms, and ${missed} was found not to have it${thief ? ', where a revoked certificate was served until it had' : ''}`
      : `${missed} was left out; found were ${found.join(', ') || 'none'}`,
    evidence: [
      count('milliseconds until everybody else had acknowledged', 'control plane', ms),
      acknowledged('while one was left out', meanwhile, names),
      ...(thief ? [...thief.meanwhile.evidence, ...thief.after.evidence] : []),
    ],
    control: {
      passed: without(before).length === 0 && without(after).length === 0 && after.version > before.version && cost,
      evidence: [acknowledged('before', before, names), acknowledged('afterwards', after, names)],
    },
  }
}

const hasTaken = ({ version, workloads }: TrustState, name: string): boolean => {
  const taken = workloads[name]
  return taken?.ok === true && taken.version >= version
}

const acknowledged = (title: string, { version, workloads }: TrustState, names: readonly string[]): Evidence => ({
  ...{ kind: 'text', title: `trust acknowledged ${title}`, where: 'control plane' },
  text: `version ${version}: ${names.map(name => `${name} ${workloads[name]?.version ?? 'none'}`).join(', ')}`,
})
