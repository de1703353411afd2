import { Agent } from 'node:https'
import type { LabClient } from '../lab-client.ts'
import { type Attempt, attempt } from './attempt.ts'

export type OutsiderRequest = {
  method: string
  path: string
  body?: unknown
  headers?: Record<string, string>
}

/** The public client: dials the edge's public address, asks for the public name, trusts the public root, TLS 1.3. */
export type Outsider = {
  /** The address it comes from, as far as the system lets it choose. */
  from: string
  send(request: OutsiderRequest): Promise<Attempt>
  close(): void
}

/** Versions of TLS that the public may speak. */
export type SecureVersion = 'TLSv1.2' | 'TLSv1.3'

export type OutsiderOptions = {
  /** Another loopback address than 127.0.0.1, to be told apart by. */
  from?: string
  /** Sends everything over one connection; default is a new one for each request. */
  keepAlive?: boolean
  /** The only version it speaks. Default: TLS 1.3. */
  version?: SecureVersion
  /** Takes whoever answers for whom it asked for. */
  unchecking?: boolean
}

export const createOutsider = async (lab: LabClient, options: OutsiderOptions = {}): Promise<Outsider> => {
  const { from = '127.0.0.1', keepAlive = false, version = 'TLSv1.3', unchecking = false } = options
  const { serverName } = lab.topology.ingress
  const { bundle } = await lab.state()
  const versions = { minVersion: version, maxVersion: version }
  const checks = unchecking ? { rejectUnauthorized: false } : {}
  const tls = { servername: serverName, ca: bundle, ...versions, ...checks, ALPNProtocols: ['http/1.1'] }
  const agent = keepAlive ? new Agent({ keepAlive: true, maxSockets: 1, maxCachedSessions: 0 }) : undefined
  return {
    from,
    send: ({ method, path, body, headers }) =>
      attempt({
        address: lab.access.edge,
        tls,
        method,
        path,
        body,
        headers: { host: serverName, ...headers },
        ...(from === '127.0.0.1' ? {} : { from }),
        ...(agent ? { agent } : {}),
      }),
    close: () => agent?.destroy(),
  }
}
