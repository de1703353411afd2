import { createRoutes } from '../../services/gateway/routes.ts'
import type { Hop } from '../../services/modes.ts'
import { callsOf, concrete } from '../../services/topology/calls.ts'
import { linkTitle, type Topology } from '../../services/topology/topology.ts'
import { count, handled } from '../flows/evidence.ts'
import { isClients } from '../flows/hops.ts'
import { median } from '../flows/median.ts'
import { type Passing, watchPassings } from '../flows/passing.ts'
import { defineScenario, type Evidence, type Observed } from '../scenario.ts'

export default defineScenario({
  id: 'hop-earns-its-place',
  claims: ['B10'],
  title: 'Is each decryption on the way worth its price?',
  guarantee: 'whoever decrypts <link> has a use for what it reads',
  explanation:
    'A workload that opens TLS has a use for the request when it does something with it: answers it, makes other calls ' +
    'of it, chooses among several callees, or filters. One that only opens a request to close it again and send it on ' +
    'as it was, always the same way, could be left out of the TLS; that it checks who may call is no such use, as the ' +
    'next one does the same. The price of each is told beside it and decides nothing.',
  per: 'link',
  select: () => true,
  expected(hop, topology, hops) {
    if (hop.transport === 'plaintext' || (hop.spliced && isClients(hop))) return 'not-applicable'
    const closesAgain = hops.some(next => next.link.caller === hop.link.callee && next.transport !== 'plaintext')
    return closesAgain && passesAlong(hop, topology) ? 'broken' : 'holds'
  },
  async run(lab, hops) {
    const passings = await watchPassings(lab, hops)
    return new Map(
      [...passings].map(([link, passing]) => [link, judgePlace(link, passing, exampleFor(link, passings))]),
    )
  },
})

/** By the topology alone: does this workload send on what it gets as it is, and always the same way? The edge filters. */
const passesAlong = ({ link }: Hop, topology: Topology): boolean => {
  const { ingress, workloads, probe } = topology
  const calls = callsOf(topology, link.callee)
  if (link.callee === ingress.edge || calls.length === 0) return false
  if (workloads[link.callee]?.program === 'gateway') {
    const routeOf = createRoutes(calls)
    return (
      new Set(ingress.allow.map(({ method, path }) => routeOf({ method, url: concrete(path), headers: {} }))).size === 1
    )
  }
  const [call] = calls
  const came =
    link.caller === ingress.edge
      ? probe
      : (callsOf(topology, link.caller).find(({ callee }) => callee === link.callee) ?? probe)
  return calls.length === 1 && call?.method === came.method && call.path === came.path
}

/** What the workload was seen to do with what it read; empty: nothing but sending it on. */
const usesOf = ({ request, onward, callees, filters }: Passing): string[] => {
  const [only] = onward
  const other = only && request && (only.method !== request.method || only.path !== request.path)
  return [
    ...(filters ? ['filters'] : []),
    ...(onward.length === 0 ? ['answers itself'] : []),
    ...(onward.length > 1 ? [`makes ${onward.length} calls of one request`] : []),
    ...(onward.length === 1 && callees.length > 1 ? [`chooses among ${callees.join(', ')}`] : []),
    ...(onward.length === 1 && other ? [`asks ${only.method} ${only.path} of it`] : []),
  ]
}

/** Some other workload of the same run that was seen to use what it read. */
const exampleFor = (link: string, passings: ReadonlyMap<string, Passing>): Evidence | undefined => {
  const found = [...passings].find(
    ([other, { request, ...rest }]) => other !== link && request && usesOf({ request, ...rest }).length > 0,
  )
  if (!found) return undefined
  const [where, passing] = found
  return { kind: 'text', title: 'one that does use what it reads', where, text: usesOf(passing).join(' and ') }
}

/**
 * Broken when it opened the request, did nothing with it and closed it again. The control: the request is on record there
 * (or TLS was passed on), and somewhere else in the same run a use was seen.
 */
export const judgePlace = (link: string, passing: Passing, example: Evidence | undefined): Observed => {
  const { request, opened, closedAgain } = passing
  const workload = link.split(':')[1]!
  const uses = usesOf(passing)
  const idle = uses.length === 0
  const control = {
    passed: (request !== undefined || !opened) && example !== undefined,
    evidence: [...(request ? [handled('the request there', workload, request)] : []), ...(example ? [example] : [])],
  }
  const evidence = opened ? priceOf(workload, passing) : []
  if (!opened) {
    const because = request === undefined ? `${workload} passes TLS on unopened` : 'nothing is decrypted here'
    return { verdict: 'not-applicable', because, evidence, control }
  }
  const onwards = closedAgain.map(linkTitle).join(', ')
  return {
    verdict: idle && closedAgain.length > 0 ? 'broken' : 'holds',
    because: !idle
      ? `${workload} ${uses.join(' and ')}`
      : closedAgain.length > 0
        ? `${workload} opened the request and closed it again for ${onwards}, with no use for what it read`
        : `${workload} sends it on as it was, but it is where TLS ends`,
    evidence,
    control,
  }
}

const priceOf = (workload: string, { addedMs, handshakeMs, closedAgain }: Passing): Evidence[] => {
  const number = (title: string, value: number): Evidence => ({
    ...{ kind: 'count', title, where: workload, text: value.toFixed(2) },
  })
  return [
    number(`ms it adds to a request, median of ${addedMs.length}`, median(addedMs)),
    ...(handshakeMs === undefined ? [] : [number('ms of its handshake on a new connection', handshakeMs)]),
    count('TLS connections it opens again behind it', workload, closedAgain.length),
  ]
}
