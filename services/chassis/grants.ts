import { X509Certificate } from 'node:crypto'
import { HopError } from '../../pki/error.ts'

/** A certificate came and would not work; the one held before stays. `code` is the cause's. */
export class GrantNotLoaded extends HopError {
  /** Of what came; undefined where that could not be read. */
  readonly serial: string | undefined
  constructor(serial: string | undefined, cause: HopError) {
    super(cause.code, { message: 'the certificate that came was not loaded', cause })
    this.serial = serial
  }
}

/** Loads what was issued by `take`. Throws {@link GrantNotLoaded} where that is refused. */
export const loadGrant = (chain: unknown, take: () => void): void => {
  try {
    take()
  } catch (error) {
    throw error instanceof HopError ? new GrantNotLoaded(serialOf(chain), error) : error
  }
}

const serialOf = (chain: unknown): string | undefined => {
  try {
    return new X509Certificate(String(chain)).serialNumber.toLowerCase()
  } catch {
    return undefined
  }
}
