import { Pool } from 'undici'
import { HopError } from '../../pki/error.ts'
import { createConnector } from './connector.ts'
import type { Credentials } from './credentials.ts'
import type { UpstreamSpec } from './desired.ts'
import { failureOf } from './failures.ts'
import { callerHeader } from './policy.ts'
import type { JsonAnswer, Upstream } from './program.ts'
import { propagatedHeaders } from './propagation.ts'
import type { Telemetry } from './telemetry.ts'

/** Bounds of one upstream's pool, in milliseconds where they are times. */
export type UpstreamLimits = {
  connections: number
  headersMs: number
  bodyMs: number
  idleMs: number
  answerBytes: number
}

// idleMs stays below the listeners' keep-alive timeout, so that the caller closes first and no request meets a closing socket
export const upstreamLimits: UpstreamLimits = {
  connections: 64,
  headersMs: 15_000,
  bodyMs: 15_000,
  idleMs: 10_000,
  answerBytes: 1 << 20,
}

/** An upstream as the workload holds it: programs see only {@link Upstream}. */
export type ManagedUpstream = Upstream & {
  /**
   * Makes new requests go by `spec` and the credentials of now. Resolves when the last request on the old
   * connections has been answered and they are closed.
   */
  replace(spec: UpstreamSpec): Promise<void>
  close(): Promise<void>
}

export const createUpstream = (options: {
  spec: UpstreamSpec
  credentials: Credentials
  telemetry: Telemetry
  limits?: UpstreamLimits
}): ManagedUpstream => {
  const { credentials, telemetry, limits = upstreamLimits } = options
  let current = open(options.spec)

  function open(spec: UpstreamSpec) {
    const { host, port } = spec.address
    const scheme = spec.transport === 'plaintext' ? 'http' : 'https'
    const pool = new Pool(`${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}`, {
      connect: createConnector(spec, credentials, telemetry),
      connections: limits.connections,
      pipelining: 1,
      allowH2: false,
      headersTimeout: limits.headersMs,
      bodyTimeout: limits.bodyMs,
      keepAliveTimeout: limits.idleMs,
      keepAliveMaxTimeout: limits.idleMs,
      maxResponseSize: -1,
    })
    const id = credentials.id()
    const headers: readonly string[] = spec.transport === 'mtls' || id === undefined ? [] : [callerHeader, id]
    return { spec, pool, headers }
  }

  return {
    spec: () => current.spec,
    dispatcher: () => current.pool,
    callerHeaders: () => current.headers,
    async call(context, { method, path, body }): Promise<JsonAnswer> {
      const text = body === undefined ? null : JSON.stringify(body)
      try {
        const answer = await current.pool.request({
          method: method as 'POST',
          path,
          headers: [
            ...propagatedHeaders(context),
            ...current.headers,
            ...(text === null ? [] : ['content-type', 'application/json']),
            'accept',
            'application/json',
          ],
          body: text,
        })
        const raw = await answer.body.text()
        return { status: answer.statusCode, body: raw === '' ? undefined : JSON.parse(raw) }
      } catch (cause) {
        const { name, code } = failureOf(cause)
        context.failure = { name, code }
        throw new HopError(name, { message: `${current.spec.link} did not answer`, cause })
      }
    },
    async replace(spec) {
      const old = current
      current = open(spec)
      await old.pool.close()
    },
    close: () => current.pool.destroy(),
  }
}
