import type { Hop } from '../../services/modes.ts'
import { everywhere } from '../expected.ts'
import { count } from '../flows/evidence.ts'
import type { InsiderOutcome } from '../flows/insider-call.ts'
import {
  callForUser,
  serviceHop,
  userRefusal,
  wasAnswered,
  whileTokensChecked,
  withoutService,
} from '../flows/token-checks.ts'
import type { LabClient } from '../lab-client.ts'
import { defineScenario, type Observed } from '../scenario.ts'
import { forgeTokens } from '../tools/forged-tokens.ts'

/**
 * The service's genuine caller, its own certificate in hand, brings users with every kind of bad token. Which workload
 * calls says nothing about its user: only the service's own check of the token does, and it does so over any transport.
 */
export default defineScenario({
  id: 'user-token',
  claims: ['I7'],
  title: 'Does it take more than a trusted caller to act for a user?',
  guarantee: 'a service acts only for users whose token it has checked',
  explanation:
    "A service's genuine caller sends requests with forged, expired and misdirected tokens and with none, first to a service that trusts whoever may call it, then to one that checks. The first serves them all, even over mutual TLS: a certificate proves the workload and nothing about its user. The second serves the good token only, and needs no particular transport for it.",
  per: 'system',
  unless: withoutService,
  expected: everywhere('holds'),
  run: (lab, hops) => tryUserTokens(lab, hops, true),
})

/** The whole experiment; `mounted` false leaves the service as it was, to show how it comes out then. */
export const tryUserTokens = async (lab: LabClient, hops: readonly Hop[], mounted: boolean): Promise<Observed> => {
  const hop = serviceHop(hops, lab.topology)!
  const users = await usersOf(lab)
  const all = () =>
    Promise.all(users.map(async user => ({ ...user, outcome: await callForUser(lab, hop, user.token) })))
  const before = await all()
  const after = mounted ? await whileTokensChecked(lab, [hop.link.callee], all) : await all()
  return judgeUserTokens(hop, before, after)
}

/** `due`: the name of the refusal that is due; null for the user who is to be served. */
type User = { what: string; token: string | undefined; due: string | null }

const usersOf = async (lab: LabClient): Promise<User[]> => {
  const roles = lab.topology.tokens.roles.map(({ role }) => role)
  const wish = { subject: 'ada', roles }
  const good = await lab.token(wish)
  const forged = forgeTokens(good, (await lab.jwks()).keys)
  return [
    { what: 'a good token', token: good, due: null },
    { what: 'no token', token: undefined, due: 'token-missing' },
    ...Object.entries(forged).map(([how, token]) => ({ what: `a forged one, ${how}`, token, due: 'token-forged' })),
    { what: 'an expired one', token: await lab.token({ ...wish, lifetimeS: 60, ageS: 600 }), due: 'token-expired' },
    {
      what: "another system's",
      token: await lab.token({ ...wish, audience: 'somebody-else' }),
      due: 'token-wrong-audience',
    },
  ]
}

type Tried = Pick<User, 'what' | 'due'> & { outcome: InsiderOutcome }

/**
 * Broken when a user with a bad token was served. Holds when each was refused by the name of what was wrong. The control:
 * the good one is served as the user it names, and without the check everybody was.
 */
export const judgeUserTokens = (hop: Hop, before: readonly Tried[], after: readonly Tried[]): Observed => {
  const { caller, callee } = hop.link
  const bad = after.filter(({ due }) => due !== null)
  const good = after.find(({ due }) => due === null)
  const served = bad.filter(({ outcome }) => wasAnswered(hop, outcome))
  const refused = bad.filter(({ outcome, due }) => userRefusal(outcome) === due)
  const broken = served.length > 0
  const named = broken || good?.outcome.request?.user === 'ada'
  return {
    verdict: broken ? 'broken' : 'holds',
    because: broken
      ? `${callee} served ${caller} for a user with ${served.map(({ what }) => what).join(', ')}`
      : `${callee} refused ${caller}'s requests for ${refused.length} users with bad tokens, each for what was wrong with it`,
    evidence: [
      ...after.flatMap(({ what, outcome }) => ({ ...outcome.evidence[0]!, title: `for a user with ${what}` })),
      count(
        'users served before the check was mounted',
        callee,
        before.filter(one => wasAnswered(hop, one.outcome)).length,
      ),
    ],
    control: {
      passed:
        good !== undefined &&
        wasAnswered(hop, good.outcome) &&
        named &&
        before.length === after.length &&
        before.every(({ outcome }) => wasAnswered(hop, outcome)) &&
        (broken || refused.length === bad.length),
      evidence: good?.outcome.evidence ?? [],
    },
  }
}
