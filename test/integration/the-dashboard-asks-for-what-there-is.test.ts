import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { listeningAt } from '../../scenarios/flows/hops.ts'
import { callFromInside } from '../../scenarios/flows/insider-call.ts'
import { placeOrder } from '../../scenarios/flows/stand-in.ts'
import { connectLab, type LabClient } from '../../scenarios/lab-client.ts'
import { readScrape, type Series } from '../../scenarios/observing/scrape.ts'
import type { Address } from '../../services/chassis/transport.ts'
import { usualHopsOf } from '../../services/hops.ts'
import type { Mode } from '../../services/modes.ts'
import { startTestLab, type TestLab } from '../support/lab.ts'
import { observability } from '../support/prometheus.ts'
import { namesIn } from '../support/promql.ts'

type Panel = { title: string; datasource: { uid: string }; targets: { expr: string; legendFormat: string }[] }
type Dashboard = { panels: Panel[]; annotations: { list: { expr: string; titleFormat: string }[] } }

const dashboard: Dashboard = JSON.parse(readFileSync(`${observability}grafana/dashboards/hop.json`, 'utf8'))
const queries = [
  ...dashboard.panels.flatMap(({ title, targets }) =>
    targets.map(({ expr, legendFormat }) => ({ title, expr, legend: legendFormat })),
  ),
  ...dashboard.annotations.list.map(({ expr, titleFormat }) => ({
    title: 'changes of mode',
    expr,
    legend: titleFormat,
  })),
]

/** What Prometheus adds by itself, and by the configuration of http_sd. */
const prometheusOwn = {
  metrics: ['up', 'ALERTS'],
  labels: ['job', 'instance', 'workload', 'alertname', 'alertstate', 'severity'],
}

let embedded: TestLab
let lab: LabClient
const series: Series[] = []

beforeAll(async () => {
  embedded = await startTestLab({ mode: 'mtls' })
  lab = await connectLab(embedded.access)
  const hop = usualHopsOf(lab.topology, 'mtls').find(({ link }) => link.id === 'orders:payments')!
  await callFromInside(lab, hop, 'no certificate', {})
  await hangUpInMidHandshake(await listeningAt(lab, 'payments'))
  for (const mode of ['passthrough', 'edge-terminate-plaintext', 'mtls'] satisfies Mode[]) {
    await lab.switchMode(mode)
    await placeOrder(lab)
    await placeOrder(lab)
  }
  // a callee whose clock is off refuses every certificate: a call that fails
  await lab.setSwitch('clocks', { inventory: 4000 })
  await placeOrder(lab)
  await lab.resetSwitch('clocks')
  for (const name of ['control', ...Object.keys(lab.topology.workloads)])
    series.push(...readScrape(await lab.metrics(name)))
})
afterAll(async () => {
  await lab?.close()
  await embedded?.close()
})

/** A TLS record's first bytes, and then nothing more: no handshake that could be judged, a connection that broke. */
const hangUpInMidHandshake = async ({ host, port }: Address): Promise<void> => {
  const socket = connect(port, host)
  await once(socket, 'connect')
  socket.end(Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00]))
  socket.resume()
  await once(socket, 'close')
}

describe.each(queries)('$title: $expr', ({ expr, legend }) => {
  test('asks for metrics, and labels of them, that a lab really has', () => {
    const asked = namesIn(expr)
    expect(asked.metrics.length).toBeGreaterThan(0)
    const known = [...prometheusOwn.metrics, ...series.map(({ name }) => name)]
    expect(asked.metrics.filter(name => !known.includes(name))).toEqual([])
    const labels = [
      ...prometheusOwn.labels,
      ...series.filter(({ name }) => asked.metrics.includes(name)).flatMap(each => Object.keys(each.labels)),
    ]
    const shown = [...legend.matchAll(/\{\{(\w+)\}\}/g)].map(([, label]) => label!)
    expect([...asked.labels, ...shown].filter(label => !labels.includes(label))).toEqual([])
  })
})

test('a name that is misspelt would be found', () => {
  expect(namesIn('sum by (lnk) (rate(hop_conections_total{side="client", x!~"a"}[5m])) / up')).toEqual({
    metrics: ['hop_conections_total', 'up'],
    labels: ['side', 'x', 'lnk'],
  })
})
