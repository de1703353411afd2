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
  /** The address it comes from, where it is known beforehand. */
  from: string | undefined
  send(request: OutsiderRequest): Promise<Attempt>
  close(): void
}

/** Versions of TLS that the public may speak. */
export type SecureVersion = 'TLSv1.2' | 'TLSv1.3'

export type OutsiderOptions = {
  /** An address of its own, to be told apart by. */
  from?: string | undefined
  /** Sends everything over one connection; default is a new one for each request. */
  keepAlive?: boolean
  /** The only version it speaks. Default: TLS 1.3. */
  version?: SecureVersion
  /** Takes whoever answers for whom it asked for. */
  unchecking?: boolean
}

export const createOutsider = async (lab: LabClient, options: OutsiderOptions = {}): Promise<Outsider> => {
  const { from, keepAlive = false, version = 'TLSv1.3', unchecking = false } = options
  const { serverName } = lab.topology.ingress
  const { bundle } = await lab.state()
  const versions = { minVersion: version, maxVersion: version }
  const checks = unchecking ? { rejectUnauthorized: false } : {}
  const tls = { servername: serverName, ca: bundle, ...versions, ...checks, ALPNProtocols: ['http/1.1'] }
  const agent = keepAlive ? new Agent({ keepAlive: true, maxSockets: 1, maxCachedSessions: 0 }) : undefined
  return {
    from: from ?? (lab.access.edge.host === '127.0.0.1' ? '127.0.0.1' : undefined),
    send: ({ method, path, body, headers }) =>
      attempt({
        address: lab.access.edge,
        tls,
        method,
        path,
        body,
        headers: { host: serverName, ...headers },
        from,
        ...(agent ? { agent } : {}),
      }),
    close: () => agent?.destroy(),
  }
}
