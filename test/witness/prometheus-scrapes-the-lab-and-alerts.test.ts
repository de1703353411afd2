import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { conditions } from '../../scenarios/alerts/conditions.ts'
import { placeOrder } from '../../scenarios/flows/stand-in.ts'
import { connectLab, type LabClient } from '../../scenarios/lab-client.ts'
import { modes } from '../../services/modes.ts'
import { startTestLab, type TestLab } from '../support/lab.ts'
import { observability, type Prometheus, startPrometheus } from '../support/prometheus.ts'
import { run, witness } from './tools.ts'

const promtoolThere = witness('promtool', 'the alert rules and the metrics were read by no tool but our own.')
const prometheusThere = witness('prometheus', 'no Prometheus scraped the lab, and no alert went off in one.')

const composeThere = witness('docker compose', 'nobody but us read the observability profile.')

let embedded: TestLab
let lab: LabClient

beforeAll(async () => {
  embedded = await startTestLab({ mode: 'mtls' })
  lab = await connectLab(embedded.access)
})
afterAll(async () => {
  await lab?.close()
  await embedded?.close()
})

describe.skipIf(!promtoolThere)('promtool', () => {
  const inHome = (...args: string[]) =>
    run(
      'promtool',
      args.map(arg => (/\.yaml$/.test(arg) ? join(observability, arg) : arg)),
    )

  test('takes the rules: as many as there are conditions, and one for the control plane', async () => {
    const { code, out, err } = await inHome('check', 'rules', 'hop.rules.yaml')
    expect([code, err]).toEqual([0, ''])
    expect(out).toContain(`SUCCESS: ${conditions.length + 1} rules found`)
  })

  test('finds that each alert fires where it deserves to, and is silent otherwise', async () => {
    const { code, out, err } = await inHome('test', 'rules', 'hop.rules.test.yaml')
    expect([code, out + err]).toEqual([0, expect.stringContaining('SUCCESS')])
  })

  test('takes the configuration of Prometheus', async () => {
    const { code, out, err } = await inHome('check', 'config', '--syntax-only', 'prometheus.yaml')
    expect([code, out + err]).toEqual([0, expect.stringContaining('SUCCESS')])
  })

  test.each(['edge', 'orders', 'shipping', 'control'])('has nothing to say against the metrics of %s', async name => {
    await placeOrder(lab)
    expect(await run('promtool', ['check', 'metrics'], { input: await lab.metrics(name) })).toMatchObject({
      ...{ code: 0, out: '', err: '' },
    })
  })
})

type Target = { labels: Record<string, string>; health: string; lastError: string }
type Alerts = { alerts: { labels: Record<string, string>; state: string }[] }

describe.skipIf(!composeThere)('docker compose', () => {
  test('takes the observability profile, with its four images', async () => {
    const file = join(observability, 'compose.yaml')
    const { code, out, err } = await run('docker', [
      'compose',
      '-f',
      file,
      '--profile',
      'observability',
      'config',
      '--images',
    ])
    expect([code, err]).toEqual([0, ''])
    expect(out.trim().split('\n')).toHaveLength(4)
  })
})

describe.skipIf(!prometheusThere)('a real Prometheus', () => {
  let prometheus: Prometheus
  beforeAll(async () => {
    prometheus = await startPrometheus(lab.access)
  })
  afterAll(() => prometheus?.close())

  const names = () => ['control', ...Object.keys(lab.topology.workloads)]
  const targets = async () => (await prometheus.api<{ activeTargets: Target[] }>('targets?state=active')).activeTargets
  const allUp = (all: Target[]) => all.length === names().length && all.every(({ health }) => health === 'up')
  const firing = async () =>
    (await prometheus.api<Alerts>('alerts')).alerts
      .filter(({ state }) => state === 'firing')
      .map(({ labels }) => `${labels.alertname} ${labels.workload ?? labels.link ?? ''}`)
      .sort()
  const served = () => prometheus.query('sum by (instance) (http_server_request_duration_seconds_count)')

  test.each(modes)('finds everybody and scrapes them in %s, and sees requests come', async mode => {
    await lab.switchMode(mode)
    const up = await prometheus.until(targets, allUp)
    expect(up.map(({ labels, lastError }) => [labels.instance, lastError])).toEqual(
      expect.arrayContaining(names().map(name => [name, ''])),
    )
    const before = (await served()).payments ?? 0
    await placeOrder(lab)
    const after = await prometheus.until(served, ({ payments = 0 }) => payments > before)
    expect(after.payments).toBe(before + 1)
    const inMode = () => prometheus.query('hop_mode_info', 'mode')
    expect(await prometheus.until(inMode, found => mode in found)).toEqual({ [mode]: 1 })
    expect(await firing()).toEqual([])
  })

  test('parses every query of the dashboard', async () => {
    const { panels } = JSON.parse(readFileSync(join(observability, 'grafana/dashboards/hop.json'), 'utf8'))
    for (const { targets } of panels as { targets: { expr: string }[] }[])
      for (const { expr } of targets) {
        const query = expr.replaceAll('$__rate_interval', '1m')
        expect(await prometheus.api<string>(`format_query?query=${encodeURIComponent(query)}`)).toBeTruthy()
      }
  })

  test('knows every metric that an alert is a condition on, but what only is there while it goes on', async () => {
    const known = await prometheus.api<string[]>('label/__name__/values')
    const missing = conditions.map(({ metric }) => metric).filter(metric => !known.includes(metric))
    expect([...new Set(missing)].sort()).toEqual(['hop_break_glass_open', 'hop_undeclared_plaintext_connections'])
  })

  test('raises the alert for a certificate that nobody renews before it has expired, and no other; then all is quiet', async () => {
    await lab.setSwitch('renewal', { payments: { on: false, lifetimeS: 12 } })
    await lab.lifecycle.renew('payments')
    expect(await prometheus.until(firing, found => found.length > 0)).toEqual(['RenewalOff payments'])
    const found = await prometheus.until(firing, all => all.length > 1)
    expect(found).toEqual(['CertificateExpiresSoon payments', 'RenewalOff payments'])
    const left = await prometheus.query('hop_certificate_expires_in_seconds{workload="payments"}')
    expect(left.payments).toBeGreaterThan(0)
    expect(await placeOrder(lab)).toMatchObject({ answered: true, status: 201 })
    await lab.resetSwitch('renewal')
    await lab.lifecycle.renew('payments')
    await prometheus.until(firing, all => all.length === 0)
  })

  test('takes a workload that is away for down, and raises what that deserves; then it is back', async () => {
    const up = () => prometheus.query('up{job="hop"}')
    await lab.revoke({ id: 'spiffe://hop.lab/inventory', reason: 'superseded' })
    // at the moment of the revocation the control plane may still wait for its answer, and a short scrape time out
    await prometheus.until(up, all => all.inventory === 0 && all.orders === 1 && all.control === 1)
    const raised = await prometheus.until(firing, all => all.includes('WorkloadAway inventory'))
    // it has not taken the trust that was given out with its revocation either
    expect(raised.filter(each => each !== 'TrustBehind inventory')).toEqual(['WorkloadAway inventory'])
    const [away] = (await targets()).filter(({ labels }) => labels.instance === 'inventory')
    expect(away!.lastError).toContain('409')
    await lab.lifecycle.reenrol('inventory')
    await prometheus.until(targets, allUp)
    await prometheus.until(firing, all => all.length === 0)
  })
})
