import { describe, expect, it } from 'vitest'
import { type Plan, planOf, resolve } from '../../../services/control/rollout/plan.ts'
import { planAt, reversed, steps } from '../../../services/control/rollout/steps.ts'
import { defaultSwitches } from '../../../services/control/rollout/switches.ts'
import { hopsOf } from '../../../services/hops.ts'
import { type Mode, modes } from '../../../services/modes.ts'
import { readTopology } from '../../../services/topology/file.ts'

const shop = readTopology('topologies/shop.yaml')

/** The table of the shop's links, one row per link, one column per mode in the order of the mode table; `–` is no hop. */
const table: Record<string, string[]> = {
  'client:edge': ['tls', 'tls', 'tls', 'spliced', 'tls'],
  'edge:gateway': ['plaintext', 'tls', 'mtls', '–', 'tls'],
  'gateway:orders': ['plaintext', 'tls', 'mtls', '–', 'tls'],
  'orders:payments': ['plaintext', 'tls', 'mtls', 'mtls', 'mtls'],
  'orders:inventory': ['plaintext', 'tls', 'mtls', 'mtls', 'plaintext'],
  'orders:shipping': ['plaintext', 'tls', 'mtls', 'mtls', 'plaintext'],
}

const columns = modes.map((mode, column) => [mode, column] as const)

describe('the shop in each mode', () => {
  it.each(columns)('%s: every link is carried as the design says', (mode, column) => {
    const hops = new Map(hopsOf(shop, mode).map(hop => [hop.link.id, hop.spliced ? 'spliced' : hop.transport]))
    for (const [link, row] of Object.entries(table)) expect([link, hops.get(link) ?? '–']).toEqual([link, row[column]])
    hops.delete('edge:orders')
    expect([...hops.keys()].every(link => link in table)).toBe(true)
  })

  it.each(columns)('%s: callees accept exactly what their callers use', (mode, column) => {
    const plan = planOf(shop, mode)
    const inbound = (name: string) =>
      Object.entries(table).flatMap(([link, row]) => (link.endsWith(`:${name}`) ? [row[column]] : []))
    for (const name of ['gateway', 'payments', 'inventory', 'shipping'])
      expect([name, plan[name]!.accepts]).toEqual([name, inbound(name).filter(transport => transport !== '–')])
  })

  it.each(columns)('%s: callers use what the table says, and are the only ones let in', (mode, column) => {
    const plan = planOf(shop, mode)
    for (const [link, row] of Object.entries(table).slice(1)) {
      const [caller = '', callee = ''] = link.split(':')
      const upstream = plan[caller]!.upstreams.find(found => found.link === link)
      const rules = plan[callee]!.rules.filter(rule => rule.link === link)
      if (row[column] === '–') expect([upstream, rules]).toEqual([undefined, []])
      else {
        expect(upstream).toEqual({ link, callee, transport: row[column] })
        for (const rule of rules)
          expect(rule).toMatchObject({ from: `spiffe://hop.lab/${caller}`, transports: [row[column]] })
        expect(rules.length).toBeGreaterThan(0)
      }
    }
  })

  it('allows a path only for the method it was allowed for', () => {
    expect(planOf(shop, 'mtls').orders!.rules).toEqual([
      rule('gateway:orders', 'spiffe://hop.lab/gateway', 'mtls', 'POST', '/orders'),
      rule('gateway:orders', 'spiffe://hop.lab/gateway', 'mtls', 'GET', '/orders/*'),
      rule('edge:orders', 'spiffe://hop.lab/edge', 'mtls', 'GET', '/orders/*'),
    ])
  })

  it('terminates at the edge: the public name and the anonymous client are the edge’s', () => {
    const { edge, orders } = planOf(shop, 'hybrid')
    expect(edge).toMatchObject({ accepts: ['tls'], splices: [], publicNames: ['shop.hop.lab'] })
    expect(edge!.rules).toEqual([
      rule('client:edge', 'anyone', 'tls', 'POST', '/orders'),
      rule('client:edge', 'anyone', 'tls', 'GET', '/orders/*'),
    ])
    expect(orders!.publicNames).toEqual([])
  })

  it('passes through: the edge only splices, orders holds the public name, the gateway is out of the way', () => {
    const { edge, gateway, orders } = planOf(shop, 'passthrough')
    expect(edge).toEqual({
      accepts: [],
      rules: [],
      upstreams: [],
      splices: [{ serverName: 'shop.hop.lab', link: 'edge:orders', callee: 'orders' }],
      publicNames: [],
    })
    expect(gateway).toEqual({ accepts: [], rules: [], upstreams: [], splices: [], publicNames: [] })
    expect(orders).toMatchObject({ accepts: ['tls'], publicNames: ['shop.hop.lab'] })
    expect(orders!.rules.map(({ link, from, transports }) => [link, from, transports])).toEqual([
      ['client:orders', 'anyone', ['tls']],
      ['client:orders', 'anyone', ['tls']],
    ])
  })
})

describe('the steps between any two modes', () => {
  const pairs = modes.flatMap(from => modes.filter(to => to !== from).map(to => [from, to] as const))
  const at = (step: 'widen' | 'move' | 'narrow', from: Mode, to: Mode) =>
    planAt(step, planOf(shop, from), planOf(shop, to), shop)
  const settled = (mode: Mode) => planOf(shop, mode)

  /** While some workloads are in `before` and some in `after`, every upstream in use meets a callee that admits it. */
  const expectMet = (callers: Plan, callees: Plan, entries: string[]) => {
    for (const [name, { upstreams }] of Object.entries(callers))
      for (const { link, callee, transport } of upstreams) {
        if (!entries.includes(name) && !isReached(callers, entries, name)) continue
        expect([link, callees[callee]!.accepts]).toEqual([link, expect.arrayContaining([transport])])
        const rules = callees[callee]!.rules.filter(rule => rule.link === link && rule.transports.includes(transport))
        expect([link, rules.length > 0]).toEqual([link, true])
      }
  }
  const isReached = (plan: Plan, entries: string[], name: string): boolean => {
    const reached = new Set(entries)
    for (const at of reached) for (const { callee } of plan[at]!.upstreams) reached.add(callee)
    return reached.has(name)
  }
  const entriesOf = (plan: Plan): string[] =>
    plan.edge!.splices.length > 0 ? plan.edge!.splices.map(({ callee }) => callee) : ['edge']

  it.each(pairs)(
    '%s → %s: no caller ever meets a callee that refuses him, whoever applied a step first',
    (from, to) => {
      const states = [settled(from), ...steps.map(step => at(step, from, to)), settled(to)]
      for (let i = 1; i < states.length; i++) {
        const [before, after] = [states[i - 1]!, states[i]!]
        expectMet(before, after, entriesOf(before))
        expectMet(after, before, entriesOf(after))
      }
    },
  )

  it.each(pairs)('%s → %s: a rollback at any step starts from what is already there', (from, to) => {
    const states = { start: settled(from), widen: at('widen', from, to), move: at('move', from, to) }
    for (const step of steps) {
      const back = at(reversed[step], to, from)
      const there = step === 'narrow' ? states.move : states[step]
      expectMet(back, there, entriesOf(back))
      expectMet(there, back, entriesOf(there))
    }
  })

  it('widens a rule instead of doubling it', () => {
    const rules = at('widen', 're-encrypt', 'mtls').payments!.rules
    expect(rules.map(({ link, transports }) => [link, transports])).toEqual([['orders:payments', ['tls', 'mtls']]])
  })

  it('answers who still waits on an old connection before the rule that let him in goes', () => {
    expect(at('narrow', 'passthrough', 'mtls').orders!.accepts).toEqual(['mtls'])
    expect(at('narrow', 'passthrough', 'mtls').orders!.rules.map(({ link }) => link)).toContain('client:orders')
    expect(settled('mtls').orders!.rules.map(({ link }) => link)).not.toContain('client:orders')
  })

  it('lets clients leave the edge before anything behind it stops', () => {
    const move = at('move', 'mtls', 'passthrough')
    expect(move.edge).toMatchObject({ accepts: [], publicNames: ['shop.hop.lab'] })
    expect(move.edge!.rules.map(({ link }) => link)).toEqual(['client:edge', 'client:edge'])
    expect(move.edge!.upstreams.map(({ link }) => link)).toEqual(['edge:gateway', 'edge:orders'])
    expect(move.gateway!.upstreams.map(({ link }) => link)).toEqual(['gateway:orders'])
  })
})

describe('addresses', () => {
  const nothing = {
    ...{ addresses: {}, routes: {}, unverified: [], keyLog: [] },
    switches: defaultSwitches(shop),
    tokens: { issuer: 'https://id.example', keys: [], asserters: [] },
  }
  const orders = planOf(shop, 'mtls').orders!
  const payments = { host: '127.0.0.1', port: 4000 }

  it('leaves out whom nobody can call yet', () => {
    expect(resolve(shop, 'orders', orders, nothing).upstreams).toEqual([])
  })

  it('dials the tap when there is one, and expects the callee’s identity there all the same', () => {
    const tap = { host: '127.0.0.1', port: 5000 }
    const now = {
      ...nothing,
      addresses: { payments },
      routes: { 'orders:payments': tap },
      unverified: ['orders:payments'],
    }
    expect(resolve(shop, 'orders', orders, now).upstreams).toEqual([
      {
        link: 'orders:payments',
        callee: 'payments',
        transport: 'mtls',
        address: tap,
        id: 'spiffe://hop.lab/payments',
        verify: false,
      },
    ])
  })

  it('splices through the tap too', () => {
    const edge = planOf(shop, 'passthrough').edge!
    const tap = { host: '127.0.0.1', port: 5001 }
    expect(resolve(shop, 'edge', edge, { ...nothing, routes: { 'edge:orders': tap } }).splices).toEqual([
      { serverName: 'shop.hop.lab', link: 'edge:orders', address: tap, proxyProtocol: true },
    ])
  })
})

const rule = (link: string, from: string, transport: string, method: string, path: string) => ({
  link,
  from,
  transports: [transport],
  methods: [method],
  paths: [path],
})
