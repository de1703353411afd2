import { matches } from '../chassis/policy.ts'
import { hasBody } from './calls.ts'
import { findCycle, reachableFrom } from './graph.ts'
import { oneOf, type Problem, shown } from './problems.ts'
import type { TopologyFile } from './schema.ts'
import { legacyProblems, sidecarProblems } from './sidecars.ts'
import { needProblems } from './situation.ts'

/** The one class of data that no body carries: it goes in the Authorization header. */
export const tokenClass = 'token'

/**
 * What must hold between the parts of a topology whose shape is right. Names first: the rest is judged only
 * when every name means something, so that one typing error is one problem.
 */
export const checkMeaning = (file: TopologyFile): Problem[] => {
  const unknown = unknownNames(file)
  if (unknown.length > 0) return unknown
  const wiring = [...edgeProblems(file), ...linkProblems(file), ...legacyProblems(file), ...sidecarProblems(file)]
  if (wiring.length > 0) return wiring
  return [
    ...routingProblems(file),
    ...reachProblems(file),
    ...dataProblems(file),
    ...probeProblems(file),
    ...roleProblems(file),
    ...needProblems(file),
  ]
}

const unknownNames = ({ zones, data, workloads, ingress, links }: TopologyFile): Problem[] => {
  const known = (table: object) => (path: Problem['path'], name: string) =>
    Object.hasOwn(table, name) ? [] : [{ path, expected: oneOf(Object.keys(table), name), found: shown(name) }]
  const zone = known(zones)
  const workload = known(workloads)
  const classes = (path: Problem['path'], names: string[]) =>
    names.flatMap((name, i) => known(data)([...path, i], name))
  return [
    ...Object.entries(workloads).flatMap(([name, spec]) => zone(['workloads', name, 'zone'], spec.zone)),
    ...workload(['ingress', 'edge'], ingress.edge),
    ...workload(['ingress', 'passthroughTo'], ingress.passthroughTo),
    ...classes(['ingress', 'data'], ingress.data),
    ...links.flatMap((link, i) => [
      ...workload(['links', i, 'from'], link.from),
      ...workload(['links', i, 'to'], link.to),
      ...classes(['links', i, 'data'], link.data),
    ]),
  ]
}

const edgeProblems = ({ workloads, ingress }: TopologyFile): Problem[] => {
  const problems: Problem[] = []
  const edges = Object.keys(workloads).filter(name => workloads[name]!.program === 'edge')
  if (!edges.includes(ingress.edge)) {
    const expected = edges.length > 0 ? oneOf(edges, ingress.edge) : 'a workload with program edge'
    problems.push({
      path: ['ingress', 'edge'],
      expected,
      found: `${ingress.edge}, which runs ${workloads[ingress.edge]!.program}`,
    })
  }
  for (const name of edges.filter(edge => edge !== ingress.edge && edges.includes(ingress.edge))) {
    problems.push({
      path: ['workloads', name, 'program'],
      expected: `one edge only, ${ingress.edge}`,
      found: 'another edge',
    })
  }
  if (ingress.passthroughTo === ingress.edge) {
    problems.push({
      path: ['ingress', 'passthroughTo'],
      expected: 'a workload behind the edge',
      found: 'the edge itself',
    })
  }
  return problems
}

const linkProblems = ({ workloads, links }: TopologyFile): Problem[] => {
  const problems: Problem[] = []
  const seen = new Map<string, number>()
  links.forEach(({ from, to }, i) => {
    const first = seen.get(`${from}:${to}`)
    if (first !== undefined) {
      problems.push({
        path: ['links', i],
        expected: 'each pair of workloads once',
        found: `${from} → ${to} again, first in links[${first}]`,
      })
    } else seen.set(`${from}:${to}`, i)
  })
  const cycle = findCycle(Object.keys(workloads), links)
  if (cycle) {
    const closing = links.findIndex(link => link.from === cycle.at(-2) && link.to === cycle.at(-1))
    problems.push({ path: ['links', closing], expected: 'no cycle, calls would never end', found: cycle.join(' → ') })
  }
  return problems
}

/** Only edge and gateway choose a way; every other program takes each of its links. */
const routingProblems = ({ workloads, links }: TopologyFile): Problem[] =>
  links.flatMap(({ from, when }, i) => {
    const { program } = workloads[from]!
    if (when === undefined || program === 'edge' || program === 'gateway') return []
    const expected = 'a link from an edge or a gateway: others do not choose by headers'
    return [{ path: ['links', i, 'when'], expected, found: `${from}, which runs ${program}` }]
  })

const reachProblems = ({ workloads, ingress, links }: TopologyFile): Problem[] => {
  const reached = reachableFrom(ingress.edge, links)
  return Object.keys(workloads).flatMap(name => {
    if (reached.has(name)) return []
    const path = name === ingress.passthroughTo ? ['ingress', 'passthroughTo'] : ['workloads', name]
    return [
      {
        path,
        expected: `a workload that links lead to from ${ingress.edge}`,
        found: `${name}, which nobody there calls`,
      },
    ]
  })
}

/** Data cannot leave a workload that never got it, nor travel in requests without a body. */
const dataProblems = ({ ingress, links }: TopologyFile): Problem[] => {
  const received = (name: string) =>
    name === ingress.edge ? ingress.data : links.filter(link => link.to === name).flatMap(link => link.data)
  return links.flatMap(({ from, data, allow }, i) => {
    const arriving = received(from)
    const problems: Problem[] = data.flatMap((item, j) =>
      arriving.includes(item)
        ? []
        : [{ path: ['links', i, 'data', j], expected: `data that reaches ${from}`, found: item }],
    )
    if (data.some(item => item !== tokenClass) && !allow.some(hasBody)) {
      const expected = 'a request with a body (POST, PUT, PATCH), since the link carries data'
      problems.push({
        path: ['links', i, 'allow'],
        expected,
        found: allow.map(({ method, path }) => `${method} ${path}`).join(', '),
      })
    }
    return problems
  })
}

const probeProblems = ({ ingress, links, probe }: TopologyFile): Problem[] => {
  if (!probe) {
    if (ingress.allow.some(hasBody)) return []
    return [
      {
        path: ['probe'],
        expected: 'a probe, as ingress.allow has no request with a body to make one of',
        found: 'nothing',
      },
    ]
  }
  const problems: Problem[] = []
  const request = `${probe.method} ${probe.path}`
  const allows = (allow: { method: string; path: string }[]) =>
    allow.some(({ method, path }) => matches({ methods: [method], paths: [path] }, probe.method, probe.path))
  if (!allows(ingress.allow))
    problems.push({ path: ['probe'], expected: 'a request that ingress.allow allows', found: request })
  else if (!links.some(link => link.from === ingress.edge && allows(link.allow))) {
    problems.push({ path: ['probe'], expected: `a request that a link from ${ingress.edge} allows`, found: request })
  }
  for (const item of ingress.data) {
    if (item === tokenClass || Object.hasOwn(probe.body, item)) continue
    problems.push({
      path: ['probe', 'body', item],
      expected: `a value for ${item}, which ingress.data lists`,
      found: 'nothing',
    })
  }
  return problems
}

/** A role for a request that nobody can send guards nothing: most likely a typing error leaves another unguarded. */
const roleProblems = ({ ingress, links, tokens }: TopologyFile): Problem[] => {
  const sent = [...ingress.allow, ...links.flatMap(link => link.allow)].map(({ method, path }) => `${method} ${path}`)
  return (tokens.roles ?? []).flatMap(({ method, path }) => {
    const request = `${method} ${path}`
    const covered = sent.some(
      known => known === request || (path.endsWith('/*') && known.startsWith(request.slice(0, -1))),
    )
    return covered
      ? []
      : [{ path: ['tokens', 'roles', request], expected: 'a request that ingress or a link allows', found: request }]
  })
}
