import type { TlsChange } from '../scenarios/plan/losing-clients.ts'
import { usualTls } from '../services/chassis/tls-suites.ts'
import { choose } from './choice.ts'

/** A change of what the public listener negotiates, as written on the command line. */
export type TlsWords = { minVersion?: string; dropSuite?: string[]; keyType?: string }

/** The same, understood; undefined where nothing of the kind was written. Throws `version-unknown`, `suite-unknown`, `key-type-unknown`. */
export const readTlsWords = ({ minVersion, dropSuite, keyType }: TlsWords): TlsChange | undefined => {
  if (minVersion === undefined && dropSuite === undefined && keyType === undefined) return undefined
  return {
    ...(minVersion === undefined
      ? {}
      : { minVersion: choose('version', minVersion, ['TLSv1.2', 'TLSv1.3'] as const, '--min-version') }),
    ...(dropSuite === undefined
      ? {}
      : { dropSuites: dropSuite.map(name => choose('suite', name, usualTls.suites, '--drop-suite')) }),
    ...(keyType === undefined
      ? {}
      : { keyType: choose('key-type', keyType, ['p256', 'rsa-2048'] as const, '--key-type') }),
  }
}
