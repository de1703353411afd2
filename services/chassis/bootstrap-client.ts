import { Agent, request } from 'undici'
import * as v from 'valibot'
import { HopError } from '../../pki/error.ts'
import { splitPem } from '../../pki/pem.ts'
import { type BootstrapSecret, createNonce } from './bootstrap-secret.ts'
import { failureOf } from './failures.ts'
import { refusal } from './refusal.ts'
import type { Address } from './transport.ts'

/** Whom to trust, and a join token to enrol with. */
export type Introduction = { bundle: string[]; joinToken: string }

type Asked = {
  control: Address
  workload: string
  secret: BootstrapSecret
  /** It was a member before, and is the same process still. */
  returning: boolean
}

const answer = v.object({
  bundle: v.pipe(v.array(v.pipe(v.string(), v.maxLength(20_000))), v.minLength(1), v.maxLength(20)),
  time: v.pipe(v.number(), v.integer()),
  proof: v.string(),
})

const patienceMs = 5_000

/**
 * Asks the control plane whom to trust, and makes a join token, both by the secret. Whoever answers is not known before he
 * has answered, so the certificate he shows counts for nothing here: the proof does, and enrolment then checks by the
 * bundle. The token carries the control plane's own time, so that a wrong clock keeps nobody out.
 * Rejects with `control-unreachable`, `bootstrap-proof`, or the code the control plane refused with.
 */
export const introduce = async ({ control, workload, secret, returning }: Asked): Promise<Introduction> => {
  const nonce = createNonce()
  const dispatcher = new Agent({
    connect: { rejectUnauthorized: false, timeout: patienceMs },
    ...{ headersTimeout: patienceMs, bodyTimeout: patienceMs, maxResponseSize: 256 * 1024 },
  })
  const host = control.host.includes(':') ? `[${control.host}]` : control.host
  try {
    const { statusCode, body } = await request(`https://${host}:${control.port}/v1/discover`, {
      ...{ dispatcher, method: 'POST', headers: { 'content-type': 'application/json' } },
      body: JSON.stringify({ workload, nonce, returning }),
    })
    const text = await body.text()
    if (statusCode >= 300) throw refusal('/v1/discover', statusCode, text)
    const told = v.parse(answer, JSON.parse(text))
    secret.checkTrust({ workload, nonce, time: told.time, bundle: told.bundle }, told.proof)
    return { bundle: told.bundle.flatMap(splitPem), joinToken: secret.joinToken(workload, told.time) }
  } catch (cause) {
    if (cause instanceof HopError) throw cause
    throw new HopError('control-unreachable', { message: `/v1/discover: ${failureOf(cause).name}`, cause })
  } finally {
    await dispatcher.destroy()
  }
}
