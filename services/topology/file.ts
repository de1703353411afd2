import { readFileSync, statSync } from 'node:fs'
import { type Document, isScalar, LineCounter, parseDocument, visit } from 'yaml'
import { HopError } from '../../pki/error.ts'
import { concrete, hasBody } from './calls.ts'
import { checkMeaning, tokenClass } from './checks.ts'
import { type LineOf, type Problem, topologyError } from './problems.ts'
import { checkShape, type TopologyFile } from './schema.ts'
import { linkId, type Probe, type Topology } from './topology.ts'

/** Larger files are refused unread. */
const maxBytes = 256 * 1024
const maxAliases = 100

/**
 * Reads a topology file. Throws a HopError: `topology-unreadable` when there is no such regular file,
 * `bad-topology` when it says something wrong (all problems at once, each with its line).
 */
export const readTopology = (path: string): Topology => {
  let text: string
  try {
    const { size } = regularFile(path)
    if (size > maxBytes) throw tooLarge(path, size)
    text = readFileSync(path, 'utf8')
  } catch (cause) {
    if (cause instanceof HopError) throw cause
    const found = (cause as NodeJS.ErrnoException).code ?? 'something unreadable'
    throw new HopError('topology-unreadable', { field: path, expected: 'a readable topology file', found, cause })
  }
  return parseTopology(text, path)
}

/** The topology that a YAML 1.2 text describes; `file` names it in errors. Throws `bad-topology`. */
export const parseTopology = (text: string, file = 'topology'): Topology => {
  const size = Buffer.byteLength(text)
  if (size > maxBytes) throw tooLarge(file, size)
  const { value, lineOf } = parseYaml(text, file)
  const shape = checkShape(value)
  if ('problems' in shape) throw topologyError(file, shape.problems, lineOf)
  const problems = checkMeaning(shape.file)
  if (problems.length > 0) throw topologyError(file, problems, lineOf)
  return derive(shape.file)
}

/** A pipe or device would keep the reader waiting. */
const regularFile = (path: string) => {
  const stats = statSync(path)
  if (stats.isFile()) return stats
  throw new HopError('topology-unreadable', { field: path, expected: 'a regular file', found: 'something else' })
}

const tooLarge = (file: string, size: number) =>
  topologyError(file, [{ path: [], expected: `at most ${maxBytes} bytes`, found: `${size}` }])

const parseYaml = (text: string, file: string): { value: unknown; lineOf: LineOf } => {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, version: '1.2' })
  const faults = [...document.errors, ...document.warnings]
  if (faults.length > 0) {
    const expected = 'YAML 1.2'
    const line = (offset: number) => lines.linePos(offset).line
    throw topologyError(
      file,
      faults.map(({ pos, message }) => ({ path: [], expected, found: message, line: line(pos[0]) })),
    )
  }
  try {
    const stolen = inheritedKeys(document, lines)
    if (stolen.length > 0) throw topologyError(file, stolen)
    return { value: document.toJS({ maxAliasCount: maxAliases }), lineOf: path => lineIn(document, lines, path) }
  } catch (cause) {
    if (cause instanceof HopError) throw cause
    const expected = `at most ${maxAliases} aliases, and nesting as in the examples`
    throw topologyError(file, [{ path: [], expected, found: (cause as Error).message }])
  }
}

/** Keys that mean something to JavaScript itself; the schema library passes over them in silence. */
const inheritedKeys = (document: Document, lines: LineCounter): Problem[] => {
  const problems: Problem[] = []
  visit(document, {
    Pair(_, { key }) {
      const name = isScalar(key) ? String(key.value) : undefined
      if (name === undefined) problems.push({ path: [], expected: 'plain keys', found: 'a list or mapping as a key' })
      else if (['__proto__', 'constructor', 'prototype'].includes(name)) {
        const line = isScalar(key) && key.range ? lines.linePos(key.range[0]).line : undefined
        problems.push({ path: [], expected: 'another name, this one is taken', found: name, ...(line && { line }) })
      }
    },
  })
  return problems
}

/** The line where a path, or the nearest thing around it that the file has, begins. */
const lineIn = (document: Document, lines: LineCounter, path: Parameters<LineOf>[0]): number | undefined => {
  for (let depth = path.length; depth > 0; depth--) {
    const node = document.getIn(path.slice(0, depth), true) as { range?: [number, number, number] | null } | undefined
    if (node?.range) return lines.linePos(node.range[0]).line
  }
  return undefined
}

const derive = ({ workloads, links, zones, data, probe, tokens, ...rest }: TopologyFile): Topology => ({
  ...rest,
  zones,
  data,
  workloads: Object.fromEntries(
    Object.entries(workloads).map(([name, spec]) => [name, { name, ...spec, sidecar: spec.sidecar ?? spec.legacy }]),
  ),
  links: links.map(({ from, to, ...link }) => {
    const crossesZone = workloads[from]!.zone !== workloads[to]!.zone
    return {
      id: linkId(from, to),
      caller: from,
      callee: to,
      ...link,
      crossesZone,
      intoSensitive: crossesZone && zones[workloads[to]!.zone]!.sensitive,
      carriesSecrets: link.data.some(item => data[item] === 'secret'),
    }
  }),
  probe: probe ?? defaultProbe(rest.ingress),
  tokens: { audience: tokens.audience ?? rest.name, roles: tokens.roles ?? [] },
})

const defaultProbe = ({ allow, data }: TopologyFile['ingress']): Probe => {
  const { method, path } = allow.find(hasBody)!
  const fields = data.filter(item => item !== tokenClass).map(item => [item, `sample ${item}`])
  return { method, path: concrete(path), body: Object.fromEntries(fields) }
}
