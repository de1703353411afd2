import { createHmac, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto'
import { HopError } from '../../pki/error.ts'

/** What a workload and the control plane know, and nobody else. It never travels: what does is proven by it. */
export type BootstrapSecret = {
  /** Proves to a workload whom to trust, for the question that `nonce` stands for. */
  proveTrust(told: TrustTold): string
  /** Throws `bootstrap-proof` where somebody without the secret answered, or another question was answered. */
  checkTrust(told: TrustTold, proof: string): void
  /** A join token of its own making; good once, for a short while from `time` (ms, by the control plane's clock). */
  joinToken(workload: string, time: number): string
  /** Was this token made with this secret, for this workload? */
  made(token: OwnToken, workload: string): boolean
}

/** Whom to trust (PEM), said to `workload` at `time` (ms) in answer to its `nonce`. */
export type TrustTold = { workload: string; nonce: string; time: number; bundle: readonly string[] }

/** A join token that its bearer made, taken apart. */
export type OwnToken = { nonce: string; time: number; proof: string }

/** 128 random bits, base64url. */
export const createNonce = (): string => randomBytes(16).toString('base64url')

/** 384 random bits, base64url: a new secret's text. */
export const createBootstrapText = (): string => randomBytes(48).toString('base64url')

/**
 * Reads a secret: 32 to 200 characters of base64url, so that nobody guesses it from what it proved. Each use has a key of
 * its own (HKDF, RFC 5869): what is proven for one counts for nothing in the other. Throws `bootstrap-secret`.
 */
export const readBootstrapSecret = (text: string, field: string): BootstrapSecret => {
  if (!/^[\w-]{32,200}$/.test(text))
    throw new HopError('bootstrap-secret', {
      field,
      expected: '32 to 200 characters of base64url',
      found: `${text.length} characters`,
      remedy: 'openssl rand -hex 32 makes one; workload and control plane get the same',
    })
  const keyFor = (use: string) => Buffer.from(hkdfSync('sha256', text, '', `hop bootstrap ${use}`, 32))
  const trustKey = keyFor('trust')
  const tokenKey = keyFor('token')
  const trustProof = ({ workload, nonce, time, bundle }: TrustTold) =>
    proof(trustKey, [workload, nonce, time, ...bundle])
  return {
    proveTrust: trustProof,
    checkTrust(told, given) {
      if (same(trustProof(told), given)) return
      throw new HopError('bootstrap-proof', {
        field: 'answer of the control plane',
        expected: `a proof by the secret of ${told.workload}`,
        found: 'none that holds',
        remedy: 'Either somebody else answers in its place, or the two have different secrets',
      })
    },
    joinToken(workload, time) {
      const nonce = createNonce()
      return [prefix, nonce, time, proof(tokenKey, [workload, nonce, time])].join('.')
    },
    made: ({ nonce, time, proof: given }, workload) => same(proof(tokenKey, [workload, nonce, time]), given),
  }
}

/** Takes a token apart that a workload made; undefined for any other. */
export const readOwnToken = (token: string): OwnToken | undefined => {
  const [, nonce, time, given] = /^own\.([\w-]{22})\.(\d{1,15})\.([\w-]{43})$/.exec(token) ?? []
  return nonce !== undefined && given !== undefined ? { nonce, time: Number(time), proof: given } : undefined
}

const prefix = 'own'

/** As JSON the parts keep their borders. */
const proof = (key: Buffer, parts: readonly (string | number)[]): string =>
  createHmac('sha256', key).update(JSON.stringify(parts)).digest('base64url')

const same = (expected: string, given: string): boolean => {
  const [a, b] = [Buffer.from(expected), Buffer.from(given)]
  return a.length === b.length && timingSafeEqual(a, b)
}
