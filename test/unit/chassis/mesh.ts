import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { type ConnectionOptions, createSecureContext, type TLSSocket, connect as tlsConnect } from 'node:tls'
import { type Minted, mintProfile } from '../../../pki/profiles.ts'
import type { Connection } from '../../../services/chassis/connections.ts'
import { type CredentialStore, type Credentials, createCredentials } from '../../../services/chassis/credentials.ts'
import type { UpstreamSpec } from '../../../services/chassis/desired.ts'
import { failureOf } from '../../../services/chassis/failures.ts'
import { createHttpAcceptor } from '../../../services/chassis/http.ts'
import { createListener, type ListenerOptions } from '../../../services/chassis/listener.ts'
import type { Request, Response } from '../../../services/chassis/program.ts'
import { createTelemetry } from '../../../services/chassis/telemetry.ts'
import {
  clientContextOptions,
  type KeyPair,
  publicContextOptions,
  type Trust,
  workloadContextOptions,
} from '../../../services/chassis/tls-options.ts'
import type { Address, Transport } from '../../../services/chassis/transport.ts'
import { takeTrust } from '../../../services/chassis/trust-held.ts'
import { createUpstream, upstreamLimits } from '../../../services/chassis/upstream.ts'
import { authorityFor } from '../pki/issued.ts'

export const idOf = (workload: string): string => `spiffe://hop.lab/${workload}`

/** What a test opened, closed in reverse. */
export const createCleanup = () => {
  const closing: (() => unknown)[] = []
  return {
    add: <T extends { close(): unknown }>(opened: T): T => {
      closing.push(() => opened.close())
      return opened
    },
    run: async () => {
      for (const close of closing.splice(0).reverse()) await close()
    },
  }
}

/** A throwaway authority and what it gives workloads. */
export const createMesh = () => {
  const authority = authorityFor()
  let number = 0
  const mint = (workload: string, kinds: readonly string[] = []): Minted =>
    mintProfile(authority, kinds, { id: idOf(workload) })
  const trust = (revoked: readonly string[] = []): Trust => ({
    bundle: authority.trustBundle(),
    intermediates: authority.intermediates(),
    crl: authority.crls({
      revoked: revoked.map(serial => ({ serial, at: Date.now(), reason: 'keyCompromise' as const })),
      number: ++number,
    }),
  })
  return {
    authority,
    mint,
    mintPublic: (dnsName: string, kinds: readonly string[] = []) => mintProfile(authority, kinds, { dnsName }),
    trust,
    /** As after the first contact: roots, and no revocation lists yet. */
    rootsOnly: (): Trust => ({ bundle: authority.trustBundle(), crl: [] }),
    credentials(workload: string, trusted: Trust = trust()): CredentialStore {
      const store = createCredentials({ trust: trusted })
      store.setWorkload(mint(workload))
      return store
    },
  }
}

export type Mesh = ReturnType<typeof createMesh>

/** Credentials that hold whatever they are given, unchecked: what a rogue has. */
export const uncheckedCredentials = (pair: KeyPair, trust: Trust, more: Partial<Credentials> = {}): Credentials => ({
  generation: () => 1,
  id: () => undefined,
  trust: () => trust,
  trustHeld: () => takeTrust(trust),
  intermediates: () => [],
  grantOf: () => undefined,
  publicKeyType: () => undefined,
  serverOptions: publicOnly => (publicOnly ? publicContextOptions(pair) : workloadContextOptions(trust, pair)),
  publicServer: () => undefined,
  client: prove => createSecureContext(clientContextOptions(trust, prove ? pair : undefined)),
  held: () => [],
  proof: () => {
    throw new Error('a rogue proves nothing here')
  },
  ...more,
})

/** A listener that answers who it takes the caller for, over HTTP. */
export const serve = async (
  credentials: Credentials,
  accepts: readonly Transport[],
  more: Partial<ListenerOptions> & {
    onRequest?: (request: Request, response: Response, connection: Connection) => void
  } = {},
) => {
  const telemetry = createTelemetry('callee')
  const http = createHttpAcceptor({
    telemetry,
    onRequest:
      more.onRequest ??
      ((_request, response, { peer, transport }) => void response.end(JSON.stringify({ peer, transport }))),
  })
  const listener = createListener({
    credentials,
    telemetry,
    trustDomain: 'hop.lab',
    admit: (socket, connection) => http.accept(socket, connection),
    ...more,
  })
  listener.setAccepts(accepts)
  const address = await listener.listen()
  const records = () => telemetry.observations(0, []).connections
  return {
    address,
    listener,
    http,
    telemetry,
    records,
    failures: () => records().flatMap(({ failure }) => (failure ? [failure] : [])),
    admitted: () => records().filter(({ failure }) => !failure),
    async close() {
      await listener.close()
      await http.close()
    },
  }
}

/** Our own caller towards `address`; `ask` sends one request and tells what came of it. */
export const dial = (
  credentials: Credentials,
  address: Address,
  transport: Transport,
  more: Partial<UpstreamSpec> = {},
  connections = upstreamLimits.connections,
) => {
  const telemetry = createTelemetry('caller')
  const spec: UpstreamSpec = {
    ...{ link: 'caller:orders', callee: 'orders', transport, address, id: idOf('orders'), verify: true },
    ...more,
  }
  const limits = { ...upstreamLimits, connections, headersMs: 5_000, bodyMs: 5_000 }
  const upstream = createUpstream({ spec, credentials, telemetry, limits })
  const ask = async (path = '/'): Promise<Asked> => {
    try {
      const answer = await upstream.dispatcher().request({ origin: originOf(spec), method: 'GET', path })
      const text = await answer.body.text()
      return { status: answer.statusCode, body: text === '' ? undefined : JSON.parse(text) }
    } catch (error) {
      const { name, code } = failureOf(error)
      return { failure: name, code }
    }
  }
  return {
    upstream,
    telemetry,
    ask,
    records: () => telemetry.observations(0, []).connections,
    close: () => upstream.destroy(),
  }
}

// biome-ignore lint/suspicious/noExplicitAny: whatever the callee said
export type Asked = { status?: number; body?: any; failure?: string; code?: string }

export const originOf = ({ transport, address }: Pick<UpstreamSpec, 'transport' | 'address'>): string =>
  `${transport === 'plaintext' ? 'http' : 'https'}://${address.host}:${address.port}`

/** A bare TLS client. Judges after bytes came back: under TLS 1.3 connected is not accepted. */
export const bareTls = async (address: Address, options: ConnectionOptions): Promise<BareOutcome> => {
  const socket = tlsConnect({ ...address, rejectUnauthorized: false, checkServerIdentity: () => undefined, ...options })
  let resumed = false
  socket.once('secureConnect', () => {
    resumed = socket.isSessionReused()
  })
  return { ...(await bareOutcome(socket)), resumed }
}

export type BareOutcome = { text: string; failure?: string; code?: string; resumed?: boolean }

const bareOutcome = (socket: TLSSocket): Promise<BareOutcome> =>
  new Promise(resolve => {
    let text = ''
    socket.once('secureConnect', () => socket.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'))
    socket.on('data', chunk => {
      text += chunk.toString('latin1')
    })
    socket.once('error', error => {
      const { name, code } = failureOf(error)
      resolve({ text, failure: name, code })
    })
    socket.once('close', () => resolve({ text }))
  })

/** The JSON body of an answer read as text. */
export const bodyOf = (text: string) => JSON.parse(/\r\n\r\n([\s\S]*)$/.exec(text)?.[1] ?? 'null')

/** A raw connection that is open. */
export const dialRaw = async ({ host, port }: Address): Promise<Socket> => {
  const socket = connect(port, host)
  socket.on('error', () => {})
  await once(socket, 'connect')
  return socket
}

/** Everything a raw connection says until it closes. */
export const untilClosed = async (socket: Socket): Promise<string> => {
  let text = ''
  socket.on('data', chunk => {
    text += chunk.toString('latin1')
  })
  // an error would reject `once`, and a reset is a way to close
  if (!socket.closed) await new Promise(resolve => socket.once('close', resolve))
  return text
}

/** Waits until something observed comes true; the test's own time limit ends a wait for what never does. */
export const until = async (holds: () => boolean): Promise<void> => {
  while (!holds()) await new Promise(resolve => setTimeout(resolve, 2))
}
