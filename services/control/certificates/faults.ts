import { HopError } from '../../../pki/error.ts'
import type { ProfileName } from '../../../pki/profiles.ts'

/**
 * Faults for which every conforming verifier refuses a certificate, at either end of a connection, today and later
 * (RFC 5280, 4.1.2.5 and 4.2.1.12). One that is not valid yet will be, unless every CA above it has ended by then; one for
 * servers only can still stand in for one.
 */
const faults: readonly ProfileName[] = ['expired', 'after-its-issuer', 'wrong-usage']

/** Throws HopError `faults-invalid` unless at least one fault is named, and nothing else. */
export const checkFaults = (kinds: readonly string[]): void => {
  if (kinds.length > 0 && kinds.every(kind => (faults as readonly string[]).includes(kind))) return
  throw new HopError('faults-invalid', {
    field: 'kinds',
    expected: `one or more of ${faults.join(', ')}`,
    found: JSON.stringify(kinds).slice(0, 200),
    remedy: 'A certificate somebody may accept comes by enrolment only',
  })
}
