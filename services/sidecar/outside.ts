import { buildConnector } from 'undici'
import { HopError } from '../../pki/error.ts'
import { failureOf } from '../chassis/failures.ts'
import { HttpPool } from '../chassis/http-client.ts'
import { callJson } from '../chassis/json-call.ts'
import type { Call, JsonAnswer, Site, Upstream } from '../chassis/program.ts'
import type { Address } from '../chassis/transport.ts'
import { upstreamLimits } from '../chassis/upstream.ts'
import type { Pass } from './pass.ts'

export type OutsideOptions = { name: string; calls: readonly Call[]; egress: Address; pass: Pass }

/** The rest of the system as an application behind a sidecar sees it. */
export type Outside = Pick<Site, 'upstream' | 'upstreams'> & { close(): Promise<void> }

/** Longer than the sidecar's own patience, so that it is the sidecar who says what went wrong. */
const patience = { headersMs: 20_000, bodyMs: 20_000 }

/**
 * Upstreams that hand every call to the sidecar's egress, in plaintext, with the callee's name. A program cannot tell
 * them from others: a call that the sidecar could not carry out rejects with the failure the sidecar met.
 */
export const createOutside = ({ name, calls, egress, pass }: OutsideOptions): Outside => {
  const pool = new HttpPool({
    ...{ address: egress, secure: false, connect: buildConnector({ timeout: 5_000, allowH2: false }) },
    ...{ ...upstreamLimits, ...patience },
  })
  const create = ({ callee }: Call): Upstream => {
    const link = `${name}:${callee}`
    const headers = ['host', callee, ...pass.headers]
    return {
      spec: () => ({ link, callee, transport: 'plaintext', address: egress, id: '', verify: false }),
      dispatcher: () => pool,
      callerHeaders: () => headers,
      async call(context, request): Promise<JsonAnswer> {
        try {
          const { answerBytes } = upstreamLimits
          const { status, body, via } = await callJson({ dispatcher: pool, context, request, headers, answerBytes })
          if (!isFromBeyond(via, name)) throw new HopError(failureIn(body), { message: `${link} did not answer` })
          return { status, body }
        } catch (cause) {
          const failure = cause instanceof HopError ? { name: cause.code, code: cause.code } : failureOf(cause)
          context.failure = { name: failure.name, code: failure.code }
          throw cause instanceof HopError
            ? cause
            : new HopError(failure.name, { message: `${link} did not answer`, cause })
        }
      },
    }
  }
  const upstreams = new Map(calls.map(call => [call.callee, create(call)]))
  return {
    upstream(callee) {
      const upstream = upstreams.get(callee)
      if (upstream) return upstream
      throw new HopError('no-upstream', {
        field: 'upstream',
        expected: [...upstreams.keys()].join(', '),
        found: callee,
      })
    },
    upstreams: () => [...upstreams.values()],
    close: () => pool.destroy(),
  }
}

/** An answer that came through the sidecar has its name last in Via; what the sidecar says itself has not. */
const isFromBeyond = (via: string | string[] | undefined, name: string): boolean =>
  [via].flat().at(-1)?.split(',').at(-1)?.trim() === `1.1 ${name}`

const failureIn = (body: unknown): string =>
  typeof body === 'object' && body !== null && 'failure' in body ? String(body.failure) : 'bad-response'
