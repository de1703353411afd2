import type { KeyObject } from 'node:crypto'
import { HopError } from './error.ts'
import type { Issuer } from './issuer.ts'
import { assertStrongKey } from './keys.ts'

/**
 * `lifetimeMs`: how long it lives at least, for certificates end with a second (RFC 5280, 4.1.2.5); `atMost`: how long at
 * most, where its end is waited for. `from`: a generation of CAs other than the one that signs.
 */
export type LeafRequest = {
  publicKey: KeyObject
  lifetimeMs: number
  atMost?: boolean | undefined
  serial: string
  from?: string | undefined
}

/** @throws HopError `serial`, and what `assertStrongKey` throws */
export const checkRequest = (request: LeafRequest): LeafRequest => {
  assertStrongKey(request.publicKey)
  if (!/^[1-7][0-9a-f]{31}$/.test(request.serial)) {
    throw fault('serial', 'serial', '32 hex digits from newSerial()', request.serial)
  }
  return request
}

/** Backdated a little, never beyond the issuer's own time. @throws HopError `lifetime`, `issuer-expired` */
export const leafValidity = (
  issuer: Issuer,
  now: number,
  backdateMs: number,
  { lifetimeMs, atMost = false }: Pick<LeafRequest, 'lifetimeMs' | 'atMost'>,
) => {
  if (!(lifetimeMs >= 1000)) throw fault('lifetime', 'lifetimeMs', 'a second or more', `${lifetimeMs}`)
  if (now >= issuer.notAfter || now < issuer.notBefore) {
    throw fault('issuer-expired', 'clock', `${iso(issuer.notBefore)} to ${iso(issuer.notAfter)}`, iso(now))
  }
  const second = atMost ? Math.floor : Math.ceil
  return {
    notBefore: Math.max(Math.floor((now - backdateMs) / 1000) * 1000, issuer.notBefore),
    notAfter: Math.min(second((now + lifetimeMs) / 1000) * 1000, issuer.notAfter),
  }
}

const iso = (ms: number): string => new Date(ms).toISOString()

/** A refusal that quotes what was found. */
export const fault = (code: string, field: string, expected: string, found: string): HopError =>
  new HopError(code, { field, expected, found: JSON.stringify(`${found}`.slice(0, 200)) })
