import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, expect, it } from 'vitest'
import { followRequest } from '../../scenarios/follow.ts'
import { connectLab } from '../../scenarios/lab-client.ts'
import { readJourney } from '../../scenarios/request/journey.ts'
import { readTrace } from '../../scenarios/request/trace.ts'
import { startOtlpReceiver } from '../support/otlp-receiver.ts'

const home = mkdtempSync(join(tmpdir(), 'hop-story-'))
const children: ChildProcess[] = []
afterAll(() => {
  for (const child of children) child.kill('SIGKILL')
  rmSync(home, { recursive: true, force: true })
})

const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(HOP|OTEL)_/.test(name)))

const run = async (args: string[], env: NodeJS.ProcessEnv) => {
  const child = spawn(process.execPath, ['services/main.ts', ...args], {
    env: { ...inherited, ...env },
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  children.push(child)
  const [line] = await once(createInterface(child.stdout!), 'line')
  return JSON.parse(line)
}

it('with a process for each workload too: every hop, one trace, and the spans of all at a collector', async () => {
  const collector = await startOtlpReceiver()
  const env = { HOP_TOPOLOGY: 'topologies/shop.yaml', OTEL_EXPORTER_OTLP_ENDPOINT: collector.url }
  const control = await run(['control', '--state', join(home, 'state'), '--mode', 'mtls'], env)
  const token = readFileSync(control.tokenFile, 'utf8').trim()
  const at = ({ host, port }: { host: string; port: number }) => `http://${host}:${port}`
  const nowhere = { host: '127.0.0.1', port: 1 }
  const access = {
    operator: at(control.operator),
    wire: null,
    token,
    control: control.workload,
    edge: nowhere,
    redirect: nowhere,
  }
  const first = await connectLab(access)
  const names = Object.keys(first.topology.workloads)
  const started = names.map(async name => {
    const file = join(home, `${name}-token`)
    writeFileSync(file, `${await first.joinToken(name, 'a test')}\n`, { mode: 0o600 })
    const settings = {
      HOP_CONTROL: `${control.workload.host}:${control.workload.port}`,
      HOP_BUNDLE: control.bundleFile,
    }
    return [name, (await run([name], { ...env, ...settings, HOP_JOIN_TOKEN_FILE: file })).listening] as const
  })
  const listening = Object.fromEntries(await Promise.all(started))
  await first.close()
  const lab = await connectLab({ ...access, edge: listening[first.topology.ingress.edge] })
  try {
    while (!(await lab.state()).settled) await new Promise(resolve => setTimeout(resolve, 50))
    const { requestId = '', answer } = await followRequest(lab)
    expect(answer.status).toBe(201)
    const journey = await readJourney(lab, requestId)
    expect(journey.hops.map(({ callee }) => callee).sort()).toEqual(names.sort())
    for (const hop of journey.hops.slice(1))
      expect(hop).toMatchObject({ transport: 'mtls', status: 201, decision: { allowed: true } })
    const trace = await readTrace(lab, requestId)
    expect(trace.flaws).toEqual([])
    const of = () => collector.spans.filter(({ traceId }) => traceId === trace.traceId)
    await collector.until(() => of().length === trace.spans.length)
    expect(
      of()
        .map(({ spanId, service }) => `${spanId} ${service}`)
        .sort(),
    ).toEqual(trace.spans.map(({ spanId, workload }) => `${spanId} ${workload}`).sort())
  } finally {
    await lab.close()
    await collector.close()
  }
})
