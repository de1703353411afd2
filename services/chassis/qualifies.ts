import type { Connection } from './connections.ts'
import type { TlsPolicy } from './desired.ts'
import { stillAgreed, usualTls } from './tls-suites.ts'
import type { Transport } from './transport.ts'

/**
 * May a connection stay: is its transport accepted, and if it came for a public name, is that still served here and would
 * it be agreed on as it was?
 */
export const qualifies = (
  { transport, publicName, agreed }: Connection,
  accepts: readonly Transport[],
  publicNames: readonly string[],
  tls: TlsPolicy = usualTls,
): boolean =>
  accepts.includes(transport) &&
  (!publicName || (publicNames.includes(publicName) && (!agreed || stillAgreed(tls, agreed))))
