import { HopError } from '../../pki/error.ts'
import type { TlsPolicy } from '../../services/chassis/desired.ts'
import { usableSuites } from '../../services/chassis/tls-suites.ts'
import { counted } from '../counted.ts'
import { forecastTls, publicConnections, type TlsForecast } from '../tls-preview.ts'
import type { Inquiry, PlanSection } from './section.ts'

/** What is to be another in what the public listener negotiates. Suites by their IANA names. */
export type TlsChange = { minVersion?: TlsPolicy['minVersion']; dropSuites?: string[]; keyType?: TlsPolicy['keyType'] }

/** Which clients of the public name, seen lately, would fail. Throws `tls-policy-empty` where nothing would be left to agree on. */
export const losingClients =
  (change: TlsChange): Inquiry =>
  async (lab, { since }) => {
    const { tls: now } = await lab.switches()
    const next = changed(now, change)
    const everybody = Object.fromEntries(Object.keys(lab.topology.workloads).map(name => [name, 0]))
    const seen = publicConnections(await lab.reports(everybody), lab.topology.ingress.serverName)
    const recent = seen.filter(({ at }) => since === null || at >= since)
    return describeLosing(forecastTls(recent, now, next), recent.length, now, next)
  }

/** The policy that comes of it. */
export const changed = (now: TlsPolicy, { minVersion, dropSuites = [], keyType }: TlsChange): TlsPolicy => {
  const next = {
    minVersion: minVersion ?? now.minVersion,
    suites: now.suites.filter(name => !dropSuites.includes(name)),
    keyType: keyType ?? now.keyType,
  }
  if (usableSuites(next).length > 0) return next
  throw new HopError('tls-policy-empty', {
    field: 'suites',
    expected: 'one that the minimum version and the key type allow',
    found: next.suites.join(', ') || 'none',
  })
}

const describeLosing = (lost: TlsForecast[], seen: number, now: TlsPolicy, next: TlsPolicy): PlanSection => ({
  id: 'tls',
  title: 'Which clients of the public name would fail?',
  ...(seen === 0 ? unseen : answerOf(lost, seen, now, next)),
  columns: ['client', 'agreed on', 'times', 'last seen', 'fate'],
  rows: lost.map(({ address, protocol, cipher, connections, lastSeen, verdict, because }) => [
    ...[address, `${protocol} ${cipher}`, String(connections), lastSeen.slice(11, 19)],
    `${verdict.replace('-', ' ')}: ${because}`,
  ]),
  items: lost,
})

type Answer = Pick<PlanSection, 'answer' | 'passed' | 'unknown'>

/** Whom nobody has seen may be anybody. */
const unseen: Answer = {
  answer: 'not known: no client was seen; ask again when some have come, or --since an earlier time',
  passed: false,
  unknown: true,
}

const answerOf = (lost: TlsForecast[], seen: number, now: TlsPolicy, next: TlsPolicy): Answer => {
  const will = lost.filter(({ verdict }) => verdict === 'will-fail').length
  const blind = now.keyType === next.keyType ? '' : '; what clients of TLS 1.3 can verify is on no record'
  const kinds = `${counted(will, 'kind')} of client would and ${lost.length - will} might`
  return {
    answer: `of ${counted(seen, 'connection')} seen, ${kinds}${blind}; hop switch tls sets it`,
    passed: will === 0,
  }
}
