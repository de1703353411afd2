import type { X509Certificate } from 'node:crypto'
import { HopError } from '../../pki/error.ts'
import { watchCall } from './call-watch.ts'
import { createCallees } from './callees.ts'
import { createConnector } from './connector.ts'
import type { Credentials } from './credentials.ts'
import type { UpstreamSpec } from './desired.ts'
import { failureOf } from './failures.ts'
import { HttpPool } from './http-client.ts'
import type { Inspect } from './inspection.ts'
import { callJson } from './json-call.ts'
import { callerHeader } from './policy.ts'
import type { JsonAnswer, Upstream } from './program.ts'
import type { Telemetry } from './telemetry.ts'

/** Bounds of one upstream's pool, in milliseconds where they are times. */
export type UpstreamLimits = {
  connections: number
  /** Requests that may wait for a connection. */
  waiting: number
  headersMs: number
  bodyMs: number
  idleMs: number
  answerBytes: number
}

// idleMs stays below the listeners' keep-alive timeout, so that the caller closes first and no request meets a closing socket
export const upstreamLimits: UpstreamLimits = {
  connections: 64,
  waiting: 1_024,
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
  /** Is one of its connections with a callee that showed such a certificate? */
  reaches(matches: (callee: X509Certificate) => boolean): boolean
  /** Cuts the connections whose callee showed such a certificate, old ones too, whatever is under way on them. */
  cut(matches: (callee: X509Certificate) => boolean): void
  /** Looks anew whose certificate has expired: after the clock was set. */
  lookAtExpiry(): void
  /** Lets what is under way finish; nothing new is taken. */
  close(): Promise<void>
  /** Cuts what is under way. */
  destroy(): Promise<void>
}

export const createUpstream = (options: {
  spec: UpstreamSpec
  credentials: Credentials
  telemetry: Telemetry
  limits?: UpstreamLimits
  /** By which callees' certificates expire. */
  clock?: () => number
  /** See `Standards`. */
  inspect?: Inspect | undefined
}): ManagedUpstream => {
  const { credentials, telemetry, limits = upstreamLimits, clock = Date.now, inspect } = options
  const callees = createCallees(clock, () => void replace(current.spec))
  const standards = { proven: callees.add, ...(inspect ? { inspect } : {}) }
  let current = open(options.spec)

  function open(spec: UpstreamSpec) {
    const pool = new HttpPool({
      address: spec.address,
      secure: spec.transport !== 'plaintext',
      connect: createConnector(spec, credentials, telemetry, standards),
      ...limits,
    })
    const id = credentials.id()
    // a sidecar's own application (no identity expected of it) has no use for its sidecar's name
    const stated = spec.transport !== 'mtls' && spec.id !== ''
    const headers: readonly string[] = stated && id !== undefined ? [callerHeader, id] : []
    return { spec, pool, headers }
  }

  const replace = async (spec: UpstreamSpec) => {
    const old = current
    current = open(spec)
    await old.pool.close()
  }

  return {
    spec: () => current.spec,
    dispatcher: () => current.pool,
    callerHeaders: () => current.headers,
    async call(context, request): Promise<JsonAnswer> {
      const { spec, pool: dispatcher, headers } = current
      const watch = watchCall(context, spec, request.method, request.path)
      try {
        const answer = await callJson({ dispatcher, context, watch, request, headers, answerBytes: limits.answerBytes })
        return { status: answer.status, body: answer.body }
      } catch (cause) {
        const { name, code } = failureOf(cause)
        context.failure = { name, code }
        throw new HopError(name, { message: `${current.spec.link} did not answer`, cause })
      }
    },
    replace,
    reaches: callees.some,
    cut: callees.cut,
    lookAtExpiry: callees.look,
    async close() {
      await current.pool.close()
      callees.close()
    },
    async destroy() {
      callees.close()
      await current.pool.destroy()
    },
  }
}

/** Does a link still go the same way, so that its connections can stay? */
export const sameUpstream = (a: UpstreamSpec, b: UpstreamSpec): boolean =>
  a.transport === b.transport &&
  a.address.host === b.address.host &&
  a.address.port === b.address.port &&
  a.id === b.id &&
  a.verify === b.verify &&
  a.link === b.link
