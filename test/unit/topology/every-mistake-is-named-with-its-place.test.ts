import { describe, expect, it } from 'vitest'
import { parseTopology } from '../../../services/topology/file.ts'
import { shop, thrownBy } from './shop.ts'

/** One change to the shop, and what the error says of it: place, expected, found (parts of them). */
type Case = [title: string, from: string | RegExp, to: string, place: string, expected: string, found: string]

const shape: Case[] = [
  ['an unknown key', 'legacy: true', 'legasy: true', 'workloads.shipping.legasy', 'did you mean legacy?', '"legasy"'],
  [
    'a text for a sidecar',
    'program: orders }',
    'program: orders, sidecar: yes }',
    'workloads.orders.sidecar',
    'true or false',
    '"yes"',
  ],
  ['an unknown key on top', 'name: shop', 'name: shop\nnmae: x', ':3 nmae', 'did you mean name?', '"nmae"'],
  ['a missing key', 'serverName: shop.hop.lab', '', 'ingress.serverName', 'it is required', 'nothing'],
  [
    'an unknown program',
    'program: orders',
    'program: order',
    'workloads.orders.program',
    'did you mean orders?',
    '"order"',
  ],
  [
    'a name in capitals',
    '  inventory: {',
    '  Inventory: {',
    'workloads.Inventory',
    'a name of at most 32',
    '"Inventory"',
  ],
  [
    'a reserved name',
    '  inventory: {',
    '  control: {',
    'workloads.control',
    'a name other than client, control',
    '"control"',
  ],
  ['a name of an ancestor of all objects', '  inventory: {', '  __proto__: {', '', 'another name', '__proto__'],
  ['constructor as data', 'stock: ordinary', 'constructor: ordinary', '', 'another name', 'constructor'],
  [
    'an empty workload',
    '{ zone: internal, program: inventory }',
    '',
    'workloads.inventory',
    'a mapping',
    'an empty value',
  ],
  ['a malformed request', 'POST /charges', 'post /charges', 'links[2].allow[0]', 'POST /orders', '"post /charges"'],
  ['a request that climbs', 'POST /charges', 'POST /a/../b', 'links[2].allow[0]', 'POST /orders', '"POST /a/../b"'],
  ['a star in the middle', 'POST /charges', 'POST /*/b', 'links[2].allow[0]', 'POST /orders', '"POST /*/b"'],
  ['CONNECT', 'POST /charges', 'CONNECT /charges', 'links[2].allow[0]', 'a method', '"CONNECT /charges"'],
  ['a role for no request', 'POST /refunds: ', 'refunds: ', 'tokens.roles', 'a method and a path', '"refunds"'],
  ['a role that is none', ': support', ': "sup port"', 'tokens.roles', 'a role: letters', '"sup port"'],
  [
    'an audience that is none',
    'tokens:\n',
    'tokens:\n  audience: A B\n',
    'tokens.audience',
    'a name of at most',
    '"A B"',
  ],
  [
    'no requests',
    '[POST /charges, POST /refunds]',
    '[]',
    'links[2].allow',
    'a list of 1 to 32 requests',
    'an empty list',
  ],
  ['a header in upper case', 'x-beta: "on"', 'X-Beta: "on"', 'when.X-Beta', 'a header in lower case', '"X-Beta"'],
  ['a header without a value', 'x-beta: "on"', 'x-beta: ""', 'when.x-beta', 'at most 128 printable', '""'],
  ['no header at all', '{ x-beta: "on" }', '{}', 'when', 'a mapping with 1 to 4 headers', 'a mapping'],
  ['a sensitivity', 'card: secret', 'card: secrt', 'data.card', 'did you mean secret?', '"secrt"'],
  ['a text for a flag', 'sensitive: true', 'sensitive: yes', 'zones.sensitive.sensitive', 'true or false', '"yes"'],
  ['a server name', 'shop.hop.lab', 'shop_hop', 'ingress.serverName', 'a DNS name', '"shop_hop"'],
  [
    'a trust domain',
    'trustDomain: hop.lab',
    'trustDomain: spiffe://x',
    'trustDomain',
    'a SPIFFE trust domain',
    '"spiffe://x"',
  ],
  ['a nested probe value', 'stock: mug', 'stock: [mug]', 'probe.body.stock', 'a text or a number', 'a list of 1'],
  ['a terminal sequence', 'name: shop', 'name: "\\e[2J\\u202E"', 'name', 'a name', '"\\u001b[2J\\u202e"'],
]

const meaning: Case[] = [
  [
    'a header that matters to a program that does not choose',
    'to: inventory,',
    'to: inventory, when: { x-beta: "on" },',
    'links[3].when',
    'a link from an edge or a gateway',
    'orders, which runs orders',
  ],
  ['an unknown workload', 'to: payments', 'to: paymets', ':36 links[2].to', 'did you mean payments?', '"paymets"'],
  [
    'an unknown zone',
    'zone: sensitive',
    'zone: vault',
    'workloads.payments.zone',
    'one of dmz, internal, sensitive',
    '"vault"',
  ],
  ['an unknown class of data', 'data: [stock]', 'data: [stok]', 'links[3].data[0]', 'did you mean stock?', '"stok"'],
  ['an edge that is no edge', 'edge: edge\n', 'edge: gateway\n', 'ingress.edge', 'edge', 'gateway, which runs gateway'],
  [
    'no edge at all',
    'program: edge',
    'program: gateway',
    'ingress.edge',
    'a workload with program edge',
    'runs gateway',
  ],
  ['two edges', 'program: gateway', 'program: edge', 'workloads.gateway.program', 'one edge only', 'another edge'],
  [
    'the edge as its own end',
    'passthroughTo: orders',
    'passthroughTo: edge',
    'ingress.passthroughTo',
    'behind the edge',
    'itself',
  ],
  [
    'an edge behind a sidecar',
    'program: edge }',
    'program: edge, sidecar: true }',
    ':26 workloads.edge.sidecar',
    'nobody can end it for the edge',
    'true',
  ],
  [
    'a legacy workload without a sidecar',
    'legacy: true',
    'legacy: true, sidecar: false',
    'workloads.shipping.sidecar',
    'cannot do without',
    'false',
  ],
  [
    'a callee that its sidecar takes for the caller itself',
    /program: orders }([\s\S]*)inventory: \{([\s\S]*)to: inventory/,
    'program: orders, sidecar: true }$1app: {$2to: app',
    '.to',
    'a workload not called app',
    'app',
  ],
  [
    'a legacy end of TLS',
    'passthroughTo: orders',
    'passthroughTo: shipping',
    'ingress.passthroughTo',
    'can end TLS',
    'legacy',
  ],
  [
    'a legacy caller',
    'from: orders, to: inventory',
    'from: shipping, to: inventory',
    'links[3].from',
    'not legacy',
    'shipping',
  ],
  [
    'a link twice',
    'to: shipping',
    'to: inventory',
    'links[4]',
    'each pair of workloads once',
    'orders → inventory again',
  ],
  [
    'a cycle',
    'from: orders, to: inventory',
    'from: orders, to: gateway',
    'links[',
    'no cycle',
    'gateway → orders → gateway',
  ],
  ['a self-call', 'from: orders, to: inventory', 'from: orders, to: orders', 'links[3]', 'no cycle', 'orders → orders'],
  ['a workload nobody calls', /.*to: inventory.*\n/, '', 'workloads.inventory', 'links lead to', 'nobody there calls'],
  ['a probe nobody lets in', 'path: /orders\n', 'path: /order\n', 'probe', 'ingress.allow allows', 'POST /order'],
  [
    'a probe the edge cannot hand on',
    'allow: [POST /orders, GET /orders/*] }',
    'allow: [POST /x] }',
    'probe',
    'a link from edge',
    'POST /orders',
  ],
  ['a probe without a class', ', stock: mug', '', 'probe.body.stock', 'a value for stock', 'nothing'],
  [
    'data from nowhere',
    'from: gateway, to: orders, data: [card, ',
    'from: gateway, to: orders, data: [',
    'links[2].data[0]',
    'data that reaches orders',
    'card',
  ],
  [
    'a role for a request that nobody may send',
    'roles: { POST /refunds',
    'roles: { POST /refund',
    'tokens.roles["POST /refund"]',
    'a request that ingress or a link allows',
    'POST /refund',
  ],
  [
    'data without a body',
    'POST /charges, POST /refunds',
    'GET /charges',
    'links[2].allow',
    'a request with a body',
    'GET /charges',
  ],
]

const check = ([, from, to, place, expected, found]: Case) => {
  const changed = shop.replace(from, to)
  expect(changed).not.toBe(shop)
  const error = thrownBy(() => parseTopology(changed, 'my.yaml'))
  expect(error.code).toBe('bad-topology')
  const all = error.cause instanceof AggregateError ? error.cause.errors : [error]
  expect(all.map(({ field }) => field).join('\n')).toContain(place)
  const named = all.find(one => one.field.includes(place) && one.found.includes(found))
  expect(named, error.message).toBeDefined()
  expect(named.field).toMatch(/^my\.yaml(:\d+)?( |$)/)
  expect(named.expected).toContain(expected)
}

describe('a mistake in the shape', () => {
  it.each(shape)('%s', (...row) => check(row))
})

describe('a mistake in the meaning', () => {
  it.each(meaning)('%s', (...row) => check(row))
})

it('a legacy workload may say that it has a sidecar; others have one where they say so', () => {
  const { workloads } = parseTopology(
    shop
      .replace('legacy: true', 'legacy: true, sidecar: true')
      .replace('program: orders }', 'program: orders, sidecar: true }'),
  )
  const behind = Object.values(workloads).filter(({ sidecar }) => sidecar)
  expect(behind.map(({ name, legacy }) => [name, legacy])).toEqual([
    ['orders', false],
    ['shipping', true],
  ])
})

describe('several mistakes', () => {
  it('are listed together, each with its line', () => {
    const changed = shop.replace('to: payments', 'to: paymets').replace('zone: dmz', 'zone: dnz')
    const error = thrownBy(() => parseTopology(changed, 'my.yaml'))
    expect(error.message).toMatch(
      /^my\.yaml has 2 problems:\n {2}my\.yaml:26 workloads\.edge\.zone: .*\n {2}my\.yaml:36 links\[2\]\.to: .*"paymets"$/,
    )
  })
})

describe('a text that is no topology', () => {
  it.each([
    ['empty', ''],
    ['a list', '- a'],
    ['not YAML', 'name: [a'],
    ['two documents', `${shop}\n---\n${shop}`],
    ['a key twice', `${shop}\nname: again`],
    ['an unknown tag', shop.replace('name: shop', 'name: !!js/function shop')],
    ['a mapping as a key', `${shop}\n? {a: b}\n: c`],
    ['nested out of all proportion', `name: ${'['.repeat(100_000)}`],
    ['nested deep', `name: ${'['.repeat(2_000)}${']'.repeat(2_000)}`],
    ['an alias of itself', 'name: &a [*a]'],
    [
      'a bomb of aliases',
      `a: &a [x, x]\n${[...'bcdefgh'].map((k, i) => `${k}: &${k} [${`*${'abcdefg'[i]}, `.repeat(9)}]`).join('\n')}`,
    ],
  ])('%s', (_, text) => {
    const error = thrownBy(() => parseTopology(text, 'my.yaml'))
    expect(error.code).toBe('bad-topology')
    expect(error.message).toContain('my.yaml')
    expect(error.message.length).toBeLessThan(4000)
  })
})
