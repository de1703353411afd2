import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Agent, type Dispatcher } from 'undici'
import { type EmbeddedLab, type EmbeddedOptions, startEmbedded } from '../../lab/embedded.ts'
import { readTopology } from '../../services/topology/file.ts'
import type { Topology } from '../../services/topology/topology.ts'

export type TestLab = EmbeddedLab & { topology: Topology; stateDir: string }

export const topologyFile = (name: string): string =>
  fileURLToPath(new URL(`../../topologies/${name}.yaml`, import.meta.url))

/** A whole lab in a directory of its own, which goes with it. */
export const startTestLab = async (options: Partial<EmbeddedOptions> & { shape?: string } = {}): Promise<TestLab> => {
  const { shape = 'shop', ...rest } = options
  const home = mkdtempSync(join(tmpdir(), 'hop-test-'))
  const topology = rest.topology ?? readTopology(topologyFile(shape))
  const stateDir = join(home, 'state')
  const lab = await startEmbedded({
    mode: 'edge-terminate-plaintext',
    rate: { perSecond: 1e9, burst: 1e9 },
    ...rest,
    topology,
    stateDir,
  })
  return {
    ...lab,
    topology,
    stateDir,
    async close() {
      await lab.close()
      rmSync(home, { recursive: true, force: true })
    },
  }
}

/** One call of the operator API; NDJSON answers come back as their lines. */
export const operator = async (lab: TestLab, method: string, path: string, body?: unknown): Promise<unknown> => {
  const answer = await fetch(`${lab.access.operator}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${lab.access.token}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await answer.text()
  if (answer.headers.get('content-type')?.includes('ndjson'))
    return text
      .trim()
      .split('\n')
      .map(line => JSON.parse(line))
  return text === '' ? undefined : JSON.parse(text)
}

/** The public client: keeps connections alive, trusts the lab's root, asks for the public name. */
export const createPublicClient = async (lab: TestLab, connections = 8) => {
  const { bundle } = (await operator(lab, 'GET', '/api/state')) as { bundle: string }
  const { serverName } = lab.topology.ingress
  const agent = new Agent({
    connections,
    pipelining: 1,
    allowH2: false,
    connect: { ca: bundle, servername: serverName },
  })
  const { host, port } = lab.access.edge
  const send = async (options: Partial<Dispatcher.RequestOptions> = {}) => {
    const { probe } = lab.topology
    const { headers, ...rest } = options
    const answer = await agent.request({
      origin: `https://${host}:${port}`,
      method: probe.method as 'POST',
      path: probe.path,
      body: JSON.stringify(probe.body),
      ...rest,
      headers: { host: serverName, 'content-type': 'application/json', ...(headers as Record<string, string>) },
    })
    return { status: answer.statusCode, headers: answer.headers, body: await answer.body.text() }
  }
  return { send, close: () => agent.destroy() }
}
