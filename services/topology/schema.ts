import * as v from 'valibot'
import { modes } from '../modes.ts'
import { programNames } from '../program-names.ts'
import { needIds } from './needs.ts'
import { oneOf, type Problem, shown } from './problems.ts'

/**
 * The shape of a topology file. Every message says what is expected at that place; `shapeProblems` adds where and what was
 * found. What holds between the parts (names that must exist, reachability) is checked in `topology-checks.ts`.
 */
const strict = <Entries extends v.ObjectEntries>(entries: Entries) =>
  v.strictObject(entries, issue => {
    if (issue.expected === 'never') return oneOf(Object.keys(entries), issue.path?.at(-1)?.key)
    return issue.expected === 'Object' ? 'a mapping ({} when there is nothing to say)' : 'a value, it is required'
  })

const text = (pattern: RegExp, meaning: string) => v.pipe(v.string(meaning), v.regex(pattern, meaning))

const list = <Item extends v.GenericSchema>(item: Item, least: number, most: number, what: string) => {
  const meaning = `a list of ${least} to ${most} ${what}`
  return v.pipe(v.array(item, meaning), v.minLength(least, meaning), v.maxLength(most, meaning))
}

const table = <Key extends v.GenericSchema<string, string>, Value extends v.GenericSchema>(
  key: Key,
  value: Value,
  most: number,
  what: string,
) => {
  const meaning = `a mapping with 1 to ${most} ${what}`
  return v.pipe(v.record(key, value, meaning), v.minEntries(1, meaning), v.maxEntries(most, meaning))
}

const choice = <const Options extends readonly string[]>(options: Options) =>
  v.picklist(options, issue => oneOf(options, issue.input))

const flag = v.optional(v.boolean('true or false'), false)

/** Taken: the public caller, the control plane, and what every object of JavaScript already has. */
const reserved = new Set(['client', 'control', 'constructor', 'prototype'])

const name = v.pipe(
  text(/^[a-z][a-z0-9-]{0,31}$/, 'a name of at most 32 characters a-z, 0-9 and -, a letter first'),
  v.check(found => !reserved.has(found), `a name other than ${[...reserved].join(', ')}: these are taken`),
)
const field = text(/^[a-zA-Z][a-zA-Z0-9_]{0,31}$/, 'the name of a JSON field: letters, digits, _, at most 32')
const hostName = text(
  /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)+$/,
  'a DNS name in lower case, like shop.hop.lab',
)
const trustDomain = text(/^[a-z0-9._-]{1,255}$/, 'a SPIFFE trust domain (a-z, 0-9, ., _ and -), like hop.lab')

const segment = String.raw`(?!\.{1,2}(?:\/|$))[A-Za-z0-9._~-]+`
const method = '(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS)'
const path = String.raw`\/(?:${segment}\/)*(?:${segment})?`

const allowedText = text(
  new RegExp(String.raw`^(?=.{1,256}$)${method} (?:${path}|\/(?:${segment}\/)*\*)$`),
  'a method and a path like POST /orders or GET /orders/*',
)
const allowed = v.pipe(
  allowedText,
  v.transform(entry => ({ method: entry.split(' ')[0]!, path: entry.split(' ')[1]! })),
)

/** A mapping, so that no request is named twice; it keeps the order of the file. */
const roles = v.pipe(
  table(
    allowedText,
    text(/^[A-Za-z0-9._:-]{1,64}$/, 'a role: letters, digits, ., _, : and -, at most 64'),
    32,
    'roles',
  ),
  v.transform(table =>
    Object.entries(table).map(([entry, role]) => ({ method: entry.split(' ')[0]!, path: entry.split(' ')[1]!, role })),
  ),
)

const allow = list(allowed, 1, 32, 'requests like POST /orders')
const data = v.optional(list(field, 0, 32, 'classes of data'), [])

const headerName = text(/^[a-z][a-z0-9-]{0,63}$/, 'the name of a header in lower case, like x-beta')
const headerValue = text(/^[\x21-\x7e]{1,128}$/, 'a text of at most 128 printable characters without spaces')

const bodyValue = v.pipe(
  v.union([v.string(), v.number()], 'a text or a number'),
  v.check(value => typeof value === 'number' || value.length <= 1024, 'a text of at most 1024 characters'),
)

const situation = strict({
  title: text(/^[\x20-\x7e]{1,60}$/, 'a title of at most 60 printable characters'),
  fits: choice(modes),
  needs: v.pipe(
    list(choice(needIds), 1, needIds.length, 'needs'),
    v.check(needs => new Set(needs).size === needs.length, 'each need once'),
  ),
})

const schema = strict({
  name,
  trustDomain,
  zones: table(name, strict({ sensitive: flag }), 16, 'zones'),
  data: table(field, choice(['secret', 'personal', 'ordinary']), 32, 'classes of data'),
  ingress: strict({
    edge: v.string('the name of a workload'),
    serverName: hostName,
    passthroughTo: v.string('the name of a workload'),
    data,
    allow,
  }),
  workloads: table(
    name,
    strict({
      zone: v.string('the name of a zone'),
      program: v.optional(choice(programNames), 'generic'),
      legacy: flag,
      sidecar: v.optional(v.boolean('true or false')),
    }),
    64,
    'workloads',
  ),
  links: list(
    strict({
      from: v.string('the name of a workload'),
      to: v.string('the name of a workload'),
      data,
      allow,
      when: v.optional(table(headerName, headerValue, 4, 'headers')),
    }),
    1,
    256,
    'links',
  ),
  situation: v.optional(situation),
  probe: v.optional(
    strict({
      method: text(new RegExp(`^${method}$`), 'a method like POST'),
      path: text(new RegExp(`^(?=.{1,256}$)${path}$`), 'a path like /orders'),
      body: v.optional(v.record(field, bodyValue, 'a mapping of fields and values'), {}),
    }),
  ),
  tokens: v.optional(strict({ audience: v.optional(name), roles: v.optional(roles) }), {}),
})

/** What a topology file says, shape checked, defaults filled in. */
export type TopologyFile = v.InferOutput<typeof schema>

/** The parsed YAML as a TopologyFile, or everything that is wrong with its shape. */
export const checkShape = (value: unknown): { file: TopologyFile } | { problems: Problem[] } => {
  const result = v.safeParse(schema, value)
  if (result.success) return { file: result.output }
  return { problems: result.issues.map(problemOf) }
}

const problemOf = (issue: v.BaseIssue<unknown>): Problem => {
  const path = issue.path ?? []
  const aboutKey = path.at(-1)?.origin === 'key' || issue.expected === 'never'
  const keys = path.map(item => item.key as string | number)
  const found = issue.received === 'undefined' ? undefined : aboutKey ? keys.at(-1) : issue.input
  return { path: keys, expected: issue.message, found: shown(found) }
}
