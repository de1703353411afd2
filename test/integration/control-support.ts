import { EventEmitter, on } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { pino } from 'pino'
import { type CsrOptions, createCsr } from '../../pki/csr.ts'
import { generateKey, privateKeyPem } from '../../pki/keys.ts'
import type { ControlMessage, TrustMessage } from '../../services/chassis/control-protocol.ts'
import type { Desired } from '../../services/chassis/desired.ts'
import type { Observations } from '../../services/chassis/observation.ts'
import type { Address } from '../../services/chassis/transport.ts'
import { type Control, type ControlOptions, createControl } from '../../services/control/control.ts'
import { readTopology } from '../../services/topology/file.ts'

export const shop = readTopology('topologies/shop.yaml')
export const workloads = Object.keys(shop.workloads)

/** A directory of the test's own, and what removes it. */
export const temporaryDirectory = (): { path: string; remove: () => void } => {
  const path = mkdtempSync(join(tmpdir(), 'hop-control-'))
  return { path: join(path, 'state'), remove: () => rmSync(path, { recursive: true, force: true }) }
}

export const startControl = async (stateDir: string, options: Partial<ControlOptions> = {}): Promise<Control> => {
  const control = createControl({
    stateDir,
    topology: shop,
    initialMode: 'edge-terminate-plaintext',
    clock: Date.now,
    log: pino({ level: 'silent' }),
    ...options,
  })
  await control.start()
  return control
}

// biome-ignore lint/suspicious/noExplicitAny: what a server says, before a test looks at it
export type Json = any

export type Answer = { status: number; headers: IncomingMessage['headers']; text: string; json: Json; lines: Json[] }

const readAnswer = (request: ClientRequest): Promise<Answer> =>
  new Promise((resolve, reject) => {
    request.once('error', reject)
    request.once('response', async (response: IncomingMessage) => {
      try {
        const text = (await response.toArray()).join('')
        const lines = () =>
          text
            .trim()
            .split('\n')
            .map(line => JSON.parse(line))
        const parsed = text === '' ? [undefined] : lines()
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text, json: parsed[0], lines: parsed })
      } catch (error) {
        reject(error)
      }
    })
  })

/** The operator: token, JSON, answers read whole. */
export const operatorOf = (address: Address, token: string) => (method: string, path: string, body?: unknown) => {
  const request = httpRequest({
    ...address,
    method,
    path,
    agent: false,
    headers: {
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
  })
  request.end(body === undefined ? undefined : JSON.stringify(body))
  return readAnswer(request)
}

/** Where and whom a workload calls. */
export type Site = { address: Address; bootstrap: string[] }

export type Ack = { version: number; ok: boolean; drained: boolean; error?: string }

/** A workload with nothing behind it: enrols, listens to its stream, acknowledges as told. */
export const createFakeWorkload = (site: Site, name: string) => {
  let pair: { key: string; cert: string } | undefined
  const events = new EventEmitter()
  const seen: Desired[] = []
  let stream: ClientRequest | undefined
  let answer: (desired: Desired) => Ack[] = ({ version }) => [{ version, ok: true, drained: true }]
  let observations: Observations | undefined

  // what it was told last is what it trusts, as a workload's would be
  let roots: string[] | undefined
  let at: Address = { host: '127.0.0.1', port: 0 }
  let epoch = 0
  let trustAnswer: (message: TrustMessage) => Ack[] = ({ version }) => [{ version, ok: true, drained: true }]

  const post = (path: string, body: unknown, own = true): ClientRequest => {
    const request = httpsRequest({
      ...site.address,
      method: 'POST',
      path,
      agent: false,
      ca: roots ?? site.bootstrap,
      checkServerIdentity: () => undefined,
      ...(own ? pair : {}),
      headers: { 'content-type': 'application/json' },
    })
    request.end(JSON.stringify(body))
    return request
  }
  const call = (path: string, body: unknown, own = true) => readAnswer(post(path, body, own))

  const csr = (asks: Partial<CsrOptions> = {}) => {
    const made = generateKey()
    return { key: privateKeyPem(made.privateKey), csr: createCsr({ ...made, ...asks }) }
  }

  const renew = async (due: number) => {
    const made = csr()
    const reply = await call('/v1/renew', { csr: made.csr })
    if (reply.status !== 200) return false
    epoch = Math.max(due, reply.json.epoch)
    pair = { key: made.key, cert: reply.json.chain }
    return true
  }

  const hear = async (message: ControlMessage) => {
    events.emit(message.type, message)
    if (message.type === 'trust') {
      const acks = trustAnswer(message)
      if (acks.some(({ ok }) => ok)) roots = message.bundle
      for (const ack of acks) await call('/v1/trust-ack', ack).catch(() => {})
    }
    if (message.type === 'desired') {
      const due = message.desired.certificates?.epoch ?? 0
      const renewed = due > epoch && (await renew(due))
      seen.push(message.desired)
      for (const ack of answer(message.desired)) await call('/v1/ack', ack).catch(() => {})
      events.emit('acked', message.desired)
      // the stream proves the certificate it began with
      if (renewed) reopen()
    }
    if (message.type === 'report' && observations) await call(`/v1/report/${message.id}`, observations)
  }

  /** Rejects when the stream is refused; never resolves. */
  const open = (): Promise<never> => {
    const mine = post('/v1/stream', { listening: at, applied: seen.at(-1)?.version ?? 0 })
    stream = mine
    mine.on('error', () => {})
    mine.once('close', () => mine === stream && events.emit('ended'))
    return new Promise<never>((_, reject) => {
      mine.once('response', (response: IncomingMessage) => {
        if (response.statusCode !== 200) reject(new Error(`stream: ${response.statusCode}`))
        response.on('error', () => {})
        createInterface({ input: response })
          .on('error', () => {})
          .on('line', line => void hear(JSON.parse(line)).catch(() => {}))
      })
    })
  }
  const reopen = () => void open().catch(() => {})

  return {
    name,
    events,
    /** Every desired state received, oldest first. */
    seen,
    call,
    csr,
    serial: undefined as string | undefined,
    answerWith(next: typeof answer) {
      answer = next
    },
    answerTrustWith(next: typeof trustAnswer) {
      trustAnswer = next
    },
    /** The roots it trusts, PEM. */
    roots: () => roots ?? site.bootstrap,
    observe(next: Observations) {
      observations = next
    },
    async enrol(token: string, asks: Partial<CsrOptions> = {}): Promise<Answer> {
      const made = csr(asks)
      const reply = await call('/v1/enrol', { token, csr: made.csr, workload: name }, false)
      if (reply.status === 200) pair = { key: made.key, cert: reply.json.chain }
      return reply
    },
    usePair(next: typeof pair) {
      pair = next
    },
    pair: () => pair,
    /** Resolves once the first desired state was acknowledged. */
    async connect(listening: Address = { host: '127.0.0.1', port: 20_000 + workloads.indexOf(name) }): Promise<void> {
      at = listening
      const acked = new Promise<void>(resolve => events.once('acked', () => resolve()))
      await Promise.race([acked, open()])
    },
    /** Waits for a desired state that is as asked. */
    async told(is: (desired: Desired) => boolean): Promise<Desired> {
      const known = seen.findLast(is)
      if (known) return known
      for await (const [message] of on(events, 'desired')) if (is(message.desired)) return message.desired
      throw new Error('unreachable')
    },
    close: () => void stream?.destroy(),
  }
}

export type FakeWorkload = ReturnType<typeof createFakeWorkload>

/** Every workload of the shop, enrolled and connected. */
export const connectAll = async (control: Control): Promise<Record<string, FakeWorkload>> => {
  const site = { address: control.workloadAddress(), bootstrap: control.bootstrap }
  const all = workloads.map(name => createFakeWorkload(site, name))
  await Promise.all(
    all.map(async workload => {
      const reply = await workload.enrol(control.operations.joinToken(workload.name, 'test'))
      if (reply.status !== 200) throw new Error(reply.text)
      await workload.connect()
    }),
  )
  await control.operations.settled(AbortSignal.timeout(5000))
  return Object.fromEntries(all.map(workload => [workload.name, workload]))
}
