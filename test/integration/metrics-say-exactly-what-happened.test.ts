import { afterAll, beforeAll, expect, test } from 'vitest'
import { idOf } from '../../scenarios/flows/hops.ts'
import { callFromInside } from '../../scenarios/flows/insider-call.ts'
import { readUntil } from '../../scenarios/flows/patience.ts'
import { connectLab, type LabClient } from '../../scenarios/lab-client.ts'
import { matching, readScrape, type Series } from '../../scenarios/observing/scrape.ts'
import { createOutsider } from '../../scenarios/tools/outsider.ts'
import type { Transport } from '../../services/chassis/transport.ts'
import { entryOf, usualHopsOf } from '../../services/hops.ts'
import { type Mode, modes } from '../../services/modes.ts'
import { startTestLab, type TestLab } from '../support/lab.ts'

let embedded: TestLab
let lab: LabClient
let workloads: string[]

beforeAll(async () => {
  embedded = await startTestLab()
  lab = await connectLab(embedded.access)
  workloads = Object.keys(lab.topology.workloads)
})

afterAll(async () => {
  await lab?.close()
  await embedded?.close()
})

const scrape = async (): Promise<Record<string, Series[]>> =>
  Object.fromEntries(
    await Promise.all(workloads.map(async name => [name, readScrape(await lab.metrics(name))] as const)),
  )

/** How much each series of a metric grew, by the values of these labels. */
const grown = (before: Series[], after: Series[], name: string, labels: readonly string[], only = {}) => {
  const sums = new Map<string, number>()
  for (const [series, sign] of [
    [after, 1],
    [before, -1],
  ] as const)
    for (const one of matching(series, name, only)) {
      const key = labels.map(label => one.labels[label] ?? '-').join(' ')
      sums.set(key, (sums.get(key) ?? 0) + sign * one.value)
    }
  return Object.fromEntries([...sums].filter(([, value]) => value !== 0))
}

let lastTransport: Transport | undefined

const counted = 'http_server_request_duration_seconds_count'
const front: Record<string, number> = { 'POST /orders 201': 3, 'GET /orders/* 404': 2 }

/** Orders, orders that are not there, and what nobody may ask for: by workload, route and code. The rogue's call aside. */
const due = (mode: Mode): Record<string, Record<string, number>> => {
  const entry = entryOf(lab.topology, mode)
  const reached = new Set(
    usualHopsOf(lab.topology, mode).flatMap(({ link, spliced }) => (spliced ? [] : [link.callee])),
  )
  const refused = (name: string): Record<string, number> => (name === entry ? { 'GET other 403': 1 } : {})
  return {
    edge: entry === 'edge' ? { ...front, ...refused('edge') } : {},
    gateway: reached.has('gateway') ? front : {},
    orders: { ...front, ...refused('orders') },
    payments: { 'POST /charges 201': 3 },
    inventory: { 'POST /reservations 201': 3 },
    shipping: { 'POST /shipments 201': 3 },
  }
}

test.each(modes)('in %s every workload tells what it did, a rogue and plaintext with names', async mode => {
  await lab.switchMode(mode)
  const before = await scrape()
  const { method, path, body } = lab.topology.probe
  const client = await createOutsider(lab, { keepAlive: true })
  const requests = [
    ...Array.from({ length: 3 }, () => ({ method, path, body })),
    ...Array.from({ length: 2 }, () => ({ method: 'GET', path: '/orders/not-there' })),
    { method: 'GET', path: '/nowhere' },
  ]
  for (const request of requests) expect(await client.send(request)).toMatchObject({ answered: true })
  client.close()

  const hop = usualHopsOf(lab.topology, mode).find(({ link }) => link.id === 'orders:payments')!
  const pair = lab.credentials.selfSigned('orders')
  const statedCaller = idOf(lab.topology, 'orders')
  await callFromInside(lab, hop, 'a self-signed certificate', { pair: await pair, statedCaller })
  const served = hop.transport !== 'mtls'

  const expected = due(mode)
  expected.payments = { 'POST /charges 201': 3 + (served ? 1 : 0) }
  const seen = (after: Record<string, Series[]>) =>
    Object.fromEntries(
      workloads.map(name => {
        const labels = ['http_request_method', 'http_route', 'http_response_status_code']
        return [name, grown(before[name]!, after[name]!, counted, labels)]
      }),
    )
  const all = JSON.stringify(expected)
  const after = await readUntil(scrape, now => JSON.stringify(seen(now)) === all, { tries: 20, pauseMs: 20 })
  expect(seen(after)).toEqual(expected)

  const of = (name: string, metric: string, labels: readonly string[], only = {}) =>
    grown(before[name]!, after[name]!, metric, labels, only)
  expect(of('payments', 'hop_handshakes_failed_total', ['side', 'peer', 'cause'])).toEqual(
    served ? {} : { 'server unproven self-signed': 1 },
  )
  const plaintext = { 'orders header': hop.transport === 'plaintext' ? 4 : 0 }
  expect({ 'orders header': 0, ...of('payments', 'hop_plaintext_requests_total', ['caller', 'caller_by']) }).toEqual(
    plaintext,
  )
  expect(of('orders', 'http_client_request_duration_seconds_count', ['link', 'http_response_status_code'])).toEqual({
    'orders:payments 201': 3,
    'orders:inventory 201': 3,
    'orders:shipping 201': 3,
  })
  // three calls: the first over a new connection, unless the last mode left one that is good in this one
  const link = { link: 'orders:inventory' }
  const { transport } = usualHopsOf(lab.topology, mode).find(each => each.link.id === link.link)!
  const stays = transport === lastTransport
  lastTransport = transport
  expect(of('orders', 'hop_connections_opened_total', ['side', 'transport'], link)).toEqual(
    stays ? {} : { [`client ${transport}`]: 1 },
  )
  expect(of('orders', 'hop_connections_reused_total', ['side'], link)).toEqual({ client: stays ? 3 : 2 })
  const spliced = of('edge', 'hop_connections_opened_total', ['link'], { transport: 'spliced' })
  expect(spliced).toEqual(entryOf(lab.topology, mode) === 'edge' ? {} : { 'edge:orders': 1 })
})

test('what certificates have left is what they have left, and trust is the version that is given out', async () => {
  const [{ version }, state] = await Promise.all([lab.lifecycle.trust(), lab.state()])
  for (const [name, series] of Object.entries(await scrape())) {
    const { held } = await lab.report(name, 999_999_999_999)
    for (const { kind, name: subject, notAfter } of held) {
      const [left] = matching(series, 'hop_certificate_expires_in_seconds', { kind, name: subject })
      expect(Math.abs(left!.value - (Date.parse(notAfter) - Date.now()) / 1000)).toBeLessThan(5)
    }
    expect(held.length).toBeGreaterThan(0)
    expect(matching(series, 'hop_trust_bundle_version')[0]!.value).toBe(version)
    expect(matching(series, 'hop_crl_expires_in_seconds')).toHaveLength(3)
  }
  const whole = readScrape(await lab.metrics('control'))
  expect(matching(whole, 'hop_mode_info')).toMatchObject([{ labels: { mode: state.mode }, value: 1 }])
})

test('Prometheus finds every workload, and the control plane, where it asked', async () => {
  const answer = await fetch(`${lab.access.operator}/api/prometheus/targets`, {
    headers: { authorization: `Bearer ${lab.access.token}` },
  })
  expect(answer.headers.get('content-type')).toContain('application/json')
  const found = (await answer.json()) as { targets: string[]; labels: Record<string, string> }[]
  expect(found.map(({ labels }) => labels.__metrics_path__)).toEqual(
    ['control', ...workloads].map(name => `/metrics/${name}`),
  )
  for (const { targets, labels } of found) {
    const scraped = await fetch(`http://${targets[0]}${labels.__metrics_path__}`, {
      headers: { authorization: `Bearer ${lab.access.token}` },
    })
    expect([scraped.status, scraped.headers.get('content-type')]).toEqual([
      200,
      'text/plain; version=0.0.4; charset=utf-8',
    ])
  }
})

test('a scrape of nobody, or without the token, is refused by name', async () => {
  await expect(lab.metrics('paymnets')).rejects.toMatchObject({
    code: 'workload-unknown',
    remedy: 'Did you mean payments?',
  })
  const answer = await fetch(`${lab.access.operator}/metrics/payments`)
  expect([answer.status, await answer.json()]).toMatchObject([401, { code: 'operator-token' }])
})
