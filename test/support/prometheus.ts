import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parse, stringify } from 'yaml'
import type { LabAccess } from '../../lab/embedded.ts'

export const observability = fileURLToPath(new URL('../../deploy/observability/', import.meta.url))

/** A Prometheus of its own, in a directory and on a port of its own, that scrapes a lab by the committed configuration. */
export type Prometheus = {
  /** One of its API's answers; `path` after `/api/v1/`. */
  api<Data>(path: string): Promise<Data>
  /** The value of an instant query by one label, `{ orders: 1 }`. */
  query(expression: string, by?: string): Promise<Record<string, number>>
  /** Asks again until it is so, or fails with what it was last. */
  until<Read>(read: () => Promise<Read>, done: (read: Read) => boolean, mostMs?: number): Promise<Read>
  close(): Promise<void>
}

/** Every look takes half a second, so that a test does not wait for minutes. */
const often = '500ms'

export const startPrometheus = async (access: LabAccess): Promise<Prometheus> => {
  const home = mkdtempSync(join(tmpdir(), 'hop-prometheus-'))
  const token = join(home, 'token')
  writeFileSync(token, access.token, { mode: 0o600 })
  writeFileSync(join(home, 'hop.rules.yaml'), readFileSync(join(observability, 'hop.rules.yaml')))
  writeFileSync(join(home, 'prometheus.yaml'), stringify(pointedAt(access, token)))
  const port = await freePort()
  const child = spawn('prometheus', [
    `--config.file=${join(home, 'prometheus.yaml')}`,
    `--storage.tsdb.path=${join(home, 'data')}`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--log.level=warn',
  ])
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (bytes: Buffer) => {
      said = (said + bytes).slice(-4000)
    })
  const close = async () => {
    await ended(child)
    rmSync(home, { recursive: true, force: true })
  }
  const prometheus: Prometheus = {
    async api<Data>(path: string) {
      const answer = await fetch(`http://127.0.0.1:${port}/api/v1/${path}`)
      const { status, data, error } = (await answer.json()) as { status: string; data: Data; error?: string }
      if (status !== 'success') throw new Error(error)
      return data
    },
    async query(expression, by = 'instance') {
      type Vector = { result: { metric: Record<string, string>; value: [number, string] }[] }
      const { result } = await prometheus.api<Vector>(`query?query=${encodeURIComponent(expression)}`)
      return Object.fromEntries(result.map(({ metric, value }) => [metric[by] ?? '', Number(value[1])]))
    },
    async until(read, done, mostMs = 20_000) {
      for (const began = performance.now(); ; ) {
        const found = await read()
        if (done(found)) return found
        if (performance.now() - began > mostMs) throw new Error(`it stayed so: ${JSON.stringify(found)}`)
        await wait(100)
      }
    },
    close,
  }
  try {
    await ready(port, child)
  } catch (cause) {
    await close()
    throw new Error(`prometheus did not start: ${said}`, { cause })
  }
  return prometheus
}

/** The committed configuration, with this lab in the place of the compose's, and without what is beside it there. */
const pointedAt = (access: LabAccess, token: string) => {
  const config = parse(readFileSync(join(observability, 'prometheus.yaml'), 'utf8'))
  const hop = config.scrape_configs.find(({ job_name }: { job_name: string }) => job_name === 'hop')
  hop.authorization.credentials_file = token
  Object.assign(hop.http_sd_configs[0], { url: `${access.operator}/api/prometheus/targets`, refresh_interval: '2s' })
  hop.http_sd_configs[0].authorization.credentials_file = token
  Object.assign(config.global, { scrape_interval: often, scrape_timeout: often, evaluation_interval: often })
  return { ...config, scrape_configs: [hop] }
}

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}

const ready = async (port: number, child: ChildProcess): Promise<void> => {
  for (let left = 200; left > 0 && child.exitCode === null; left--) {
    const answer = await fetch(`http://127.0.0.1:${port}/-/ready`).catch(() => undefined)
    if (answer?.ok) return
    await wait(50)
  }
  throw new Error('not ready')
}

const ended = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGTERM')
  const killed = setTimeout(() => child.kill('SIGKILL'), 5_000)
  await once(child, 'exit')
  clearTimeout(killed)
}
