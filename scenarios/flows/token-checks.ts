import type { Hop } from '../../services/modes.ts'
import type { Topology } from '../../services/topology/topology.ts'
import type { LabClient } from '../lab-client.ts'
import { succeeded } from './evidence.ts'
import { isInner } from './hops.ts'
import { callAsCaller, type Guise, type InsiderOutcome, wasServed } from './insider-call.ts'
import { whileSwitched } from './switched.ts'

/** Does `work` while these workloads ask for users' tokens, and the others do what they did. */
export const whileTokensChecked = <Result>(
  lab: LabClient,
  workloads: readonly string[],
  work: () => Promise<Result>,
): Promise<Result> =>
  whileSwitched(
    lab,
    'l7',
    before => ({
      ...before,
      ...Object.fromEntries(
        workloads.map(name => [name, { ...(before[name] ?? { waf: false, rate: null }), tokens: true }]),
      ),
    }),
    work,
  )

/** A service deep inside with a caller of its own: the last hop of a request's way that is neither the edge's nor the public's. */
export const serviceHop = (hops: readonly Hop[], { ingress }: Topology): Hop | undefined => {
  const inner = hops.filter(hop => isInner(hop) && hop.link.caller !== ingress.edge)
  return inner.find(({ link }) => link.caller === ingress.passthroughTo) ?? inner.at(-1)
}

/** Why there is no such service; undefined where there is one in every mode. */
export const withoutService = ({ links, ingress }: Topology): string | undefined =>
  links.some(({ caller }) => caller === ingress.passthroughTo)
    ? undefined
    : 'no service here is called by another service'

/** The link's own request as its genuine caller sends it, for the user of this token; undefined: for nobody. */
export const callForUser = (
  lab: LabClient,
  hop: Hop,
  token: string | undefined,
  guise: Guise = {},
): Promise<InsiderOutcome> =>
  callAsCaller(lab, hop, { ...guise, headers: { authorization: token === undefined ? '' : `Bearer ${token}` } })

/** Did the callee's own code answer, with success? */
export const wasAnswered = (hop: Hop, outcome: InsiderOutcome): boolean =>
  wasServed(hop, outcome) && outcome.request?.failure === undefined && succeeded(outcome.attempt)

/** By what name was the user turned away, if it was for the user that the request was refused. */
export const userRefusal = ({ attempt, request }: InsiderOutcome): string | undefined =>
  attempt.answered && [401, 403].includes(attempt.status) ? request?.failure?.name : undefined
