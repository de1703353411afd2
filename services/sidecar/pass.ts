import { randomBytes, timingSafeEqual } from 'node:crypto'
import { sendProblem } from '../chassis/problem.ts'
import type { Request, Response } from '../chassis/program.ts'

/**
 * What a sidecar and its application know each other by on loopback. In the field a network namespace keeps everybody
 * else out; on a laptop this secret does, drawn at every start and never written anywhere.
 */
export type Pass = {
  /** Raw header pairs to send with every request. For one hop by its nature (RFC 9110 §11.7.2): no proxy hands them on. */
  headers: readonly string[]
  admits(request: Request): boolean
}

export const createPass = (): Pass => {
  const secret = `Bearer ${randomBytes(32).toString('base64url')}`
  const expected = Buffer.from(secret)
  return {
    headers: ['proxy-authorization', secret],
    admits(request) {
      const shown = Buffer.from(request.headers['proxy-authorization'] ?? '', 'latin1')
      return shown.length === expected.length && timingSafeEqual(shown, expected)
    },
  }
}

/** In a network namespace of their own nobody else is there to show one. */
export const noPass: Pass = { headers: [], admits: () => true }

/** The answer to whoever has no pass. The last on its connection: there is not room for many. */
export const refuseStranger = (response: Response): void =>
  sendProblem(response, { status: 407, name: 'stranger', detail: 'only a sidecar and its own application talk here' }, [
    ...['proxy-authenticate', 'Bearer'],
    ...['connection', 'close'],
  ])
