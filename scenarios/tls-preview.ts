import type { TlsPolicy } from '../services/chassis/desired.ts'
import type { ConnectionRecord, Observations } from '../services/chassis/observation.ts'
import { stillAgreed, usableSuites, versionOf } from '../services/chassis/tls-suites.ts'

/** A kind of client seen lately that another policy may lose: one address, version and suite. */
export type TlsForecast = {
  address: string
  protocol: string
  cipher: string
  connections: number
  /** ISO 8601. */
  lastSeen: string
  /** `may-fail`: it agreed on something that goes, and nobody has seen what else it has. */
  verdict: 'will-fail' | 'may-fail'
  because: string
}

/** Public connections among what workloads recorded: those made for the public name, by whoever opens them. */
export const publicConnections = (reports: Record<string, Observations>, serverName: string): ConnectionRecord[] =>
  Object.values(reports)
    .flatMap(({ connections }) => connections)
    .filter(record => record.side === 'server' && record.serverName === serverName && !record.failure)

/**
 * Who, of those seen lately, would fail under another policy (claim L10), those surely first. A listener takes the highest
 * version and the first suite in its own order, so a client is known to lack what stood before the one it got. What a
 * client of TLS 1.3 can verify is on no record: of a change of key type only clients of TLS 1.2 tell.
 */
export const forecastTls = (records: readonly ConnectionRecord[], now: TlsPolicy, next: TlsPolicy): TlsForecast[] => {
  const kinds = Map.groupBy(
    records.filter(({ protocol, cipher }) => protocol !== undefined && cipher !== undefined),
    ({ remoteAddress, protocol, cipher }) => `${remoteAddress} ${protocol} ${cipher}`,
  )
  const kept = { ...next, suites: usableSuites(next) }
  return [...kinds.values()]
    .flatMap(seen => {
      const { remoteAddress: address = 'unknown', protocol = '', cipher = '' } = seen[0]!
      if (stillAgreed(kept, { protocol, cipher })) return []
      const lastSeen = seen
        .map(({ at }) => at)
        .sort()
        .at(-1)!
      return [
        { address, protocol, cipher, connections: seen.length, lastSeen, ...fateOf({ protocol, cipher }, now, next) },
      ]
    })
    .sort((a, b) => b.verdict.localeCompare(a.verdict) || a.address.localeCompare(b.address))
}

type Got = { protocol: string; cipher: string }

const fateOf = (
  { protocol, cipher }: Got,
  now: TlsPolicy,
  next: TlsPolicy,
): Pick<TlsForecast, 'verdict' | 'because'> => {
  const had = usableSuites(now)
  const knowsNoNewer = protocol === 'TLSv1.2' && had.some(suite => versionOf(suite) === 'TLSv1.3')
  const lacks = had.slice(0, Math.max(0, had.indexOf(cipher))).filter(suite => versionOf(suite) === protocol)
  const left = usableSuites(next).filter(
    suite => !lacks.includes(suite) && !(knowsNoNewer && versionOf(suite) === 'TLSv1.3'),
  )
  const lost =
    protocol < next.minVersion
      ? `it agreed on ${protocol}, and ${next.minVersion} is the least`
      : `it agreed on ${cipher}, which goes`
  return left.length === 0
    ? { verdict: 'will-fail', because: lost }
    : { verdict: 'may-fail', because: `${lost}; what else it has is not known` }
}
