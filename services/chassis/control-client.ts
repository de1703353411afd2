import type { SecureContext } from 'node:tls'
import { createCsr } from '../../pki/csr.ts'
import { HopError } from '../../pki/error.ts'
import { generateKey, type KeyType, privateKeyPem } from '../../pki/keys.ts'
import { readMessages } from './control-messages.ts'
import type { Acknowledgement, ControlMessage, TrustAcknowledgement } from './control-protocol.ts'
import { type CredentialStore, createCredentials } from './credentials.ts'
import type { TlsPolicy } from './desired.ts'
import { failureOf } from './failures.ts'
import { loadGrant } from './grants.ts'
import { createControlInspection } from './inspection.ts'
import type { Observations } from './observation.ts'
import { refusal } from './refusal.ts'
import type { Telemetry } from './telemetry.ts'
import type { KeyPair, Trust } from './tls-options.ts'
import type { Address } from './transport.ts'
import { createUpstream } from './upstream.ts'

/** The workload API of the control plane, as one workload uses it. Every method rejects with a HopError. */
export type ControlClient = {
  /**
   * A certificate against a one-time join token. The connection proves only the control plane's identity, by `roots` where
   * they were just proven to be those to trust; else by the trust held.
   */
  enrol(joinToken: string, roots?: string[]): Promise<void>
  /** A new key and certificate, proven by the current one. Takes effect in the credential store, or rejects with `GrantNotLoaded`. */
  renew(): Promise<void>
  /** The same for a public name the control plane wants held here, with that kind of key. */
  obtainPublic(name: string, keyType?: TlsPolicy['keyType']): Promise<void>
  /** Messages until the stream ends. `signal` ends it from this side. */
  stream(hello: StreamHello, signal: AbortSignal): AsyncIterable<ControlMessage>
  acknowledge(acknowledgement: Acknowledgement): Promise<void>
  acknowledgeTrust(acknowledgement: TrustAcknowledgement): Promise<void>
  report(id: string, observations: Observations): Promise<void>
  close(): Promise<void>
}

/** What a workload says of itself when it opens its stream. */
export type StreamHello = {
  listening: Address
  /** Last version it applied. */
  applied: number
  /** Version of the trust it holds. */
  trust?: number
  /** Source addresses (IP) of the connections it splices; absent: the one it listens on. */
  dialsFrom?: readonly string[]
}

/** As the control plane's `Grant` has it. */
type Issued = { chain: string; epoch?: number; lifetimeMs?: number } & Partial<Trust>

export const createControlClient = (options: {
  workload: string
  trustDomain: string
  control: Address
  credentials: CredentialStore
  telemetry: Telemetry
}): ControlClient => {
  const { workload, trustDomain, credentials, telemetry } = options
  const link = `${workload}:control`
  const id = `spiffe://${trustDomain}/control`
  const open = (transport: 'tls' | 'mtls', by: CredentialStore = credentials) =>
    createUpstream({
      spec: { link, callee: 'control', transport, address: options.control, id, verify: true },
      // judged by the machine's clock: who sets this workload's wrong must be able to set it right again
      inspect: createControlInspection(by),
      credentials: { ...by, client: prove => by.client(prove, true) },
      telemetry,
      // a stream is silent for as long as nothing changes
      limits: { connections: 4, waiting: 64, headersMs: 15_000, bodyMs: 60_000, idleMs: 10_000, answerBytes: 1 << 20 },
    })
  let anonymous: ReturnType<typeof open> | undefined
  let proven: ReturnType<typeof open> | undefined
  let provenBy: SecureContext | undefined

  // Another certificate or other trust makes a new pool; the old one goes on until its stream ends.
  const asOurselves = () => {
    const context = credentials.client(true, true)
    if (!proven || provenBy !== context) {
      void proven?.close()
      proven = open('mtls')
      provenBy = context
    }
    return proven.dispatcher()
  }

  const post = async (path: string, body: unknown, known = true): Promise<unknown> => {
    const dispatcher = known || !anonymous ? asOurselves() : anonymous.dispatcher()
    try {
      const answer = await dispatcher.request({
        origin: originOf(options.control),
        method: 'POST',
        path,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      })
      const text = await answer.body.text()
      if (answer.statusCode >= 300) throw refusal(path, answer.statusCode, text)
      return text === '' ? undefined : JSON.parse(text)
    } catch (cause) {
      if (cause instanceof HopError) throw cause
      throw new HopError('control-unreachable', { message: `${path}: ${failureOf(cause).name}`, cause })
    }
  }

  const issue = async (
    path: string,
    body: Record<string, unknown>,
    csr: { uris?: string[]; dnsNames?: string[] },
    { known = true, keyType = 'P-256' }: { known?: boolean; keyType?: KeyType } = {},
  ) => {
    const { privateKey, publicKey } = generateKey(keyType)
    const issued = (await post(path, { ...body, csr: createCsr({ privateKey, publicKey, ...csr }) }, known)) as Issued
    const { chain, epoch = 0, lifetimeMs } = issued
    const pair: KeyPair = { key: privateKeyPem(privateKey), chain }
    return { issued, pair, granted: { epoch, ...(lifetimeMs === undefined ? {} : { lifetimeMs }) } }
  }

  const own = { uris: [`spiffe://${trustDomain}/${workload}`] }

  return {
    async enrol(token, roots) {
      anonymous = open('tls', roots && createCredentials({ trust: { bundle: roots, crl: [] } }))
      const { issued, pair, granted } = await issue('/v1/enrol', { token, workload }, own, { known: false })
      const { bundle, crl, version, revocation, intermediates } = issued
      if (bundle && crl)
        credentials.setTrust({
          bundle,
          crl,
          ...(version === undefined ? {} : { version }),
          ...(revocation && { revocation }),
          ...(intermediates && { intermediates }),
        })
      loadGrant(pair.chain, () => credentials.setWorkload(pair, granted))
      await anonymous?.close()
      anonymous = undefined
    },
    async renew() {
      const { pair, granted } = await issue('/v1/renew', {}, own)
      loadGrant(pair.chain, () => credentials.setWorkload(pair, granted))
    },
    async obtainPublic(dnsName, keyType) {
      const key = { keyType: keyType === 'rsa-2048' ? 'RSA-2048' : 'P-256' } as const
      const { pair, granted } = await issue('/v1/public', { dnsName }, { dnsNames: [dnsName] }, key)
      loadGrant(pair.chain, () => credentials.setPublic(dnsName, pair, granted))
    },
    async *stream(hello, signal) {
      const answer = await asOurselves().request({
        origin: originOf(options.control),
        method: 'POST',
        path: '/v1/stream',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(hello),
        signal,
      })
      if (answer.statusCode >= 300) throw refusal('/v1/stream', answer.statusCode, await answer.body.text())
      const { body } = answer
      // Once the reader has left, nobody else listens: an error would end the process.
      body.on('error', () => {})
      try {
        yield* readMessages(body)
      } finally {
        body.destroy()
      }
    },
    acknowledge: async acknowledgement => void (await post('/v1/ack', acknowledgement)),
    acknowledgeTrust: async acknowledgement => void (await post('/v1/trust-ack', acknowledgement)),
    report: async (reportId, observations) => void (await post(`/v1/report/${reportId}`, observations)),
    async close() {
      await Promise.all([anonymous?.destroy(), proven?.destroy()])
    },
  }
}

const originOf = ({ host, port }: Address): string => `https://${host.includes(':') ? `[${host}]` : host}:${port}`
