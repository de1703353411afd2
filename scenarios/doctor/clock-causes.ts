import { failureNamed } from '../../services/chassis/failures.ts'
import { otherEnd, type Told } from './cause.ts'
import { type End, type Pair, toleratedSkewMs } from './end.ts'
import type { Judgement } from './judgement.ts'

/**
 * Dates, told apart from clocks: a certificate or list that is valid by the asker's clock, refused by an end whose own
 * clock is off, is not what is wrong. Undefined where dates were not the matter.
 */
export const byClock = (pair: Pair, { name, judge }: Judgement): Told | undefined => {
  if (!dated.has(name)) return undefined
  const judging = pair[judge]
  const judged = pair[otherEnd(judge)]
  const { skewMs = 0 } = judging
  const isList = name.startsWith('crl-')
  if (Math.abs(skewMs) > toleratedSkewMs && (isList ? listIsCurrent(judging, pair.at) : isValid(judged, pair.at)))
    return {
      name: 'clock-skew',
      fault: `${judge}-clock`,
      sentence: `${judging.name} ${isList ? 'holds its revocation list' : `took the certificate of ${judged.name}`} for ${words[name]}, but it is its clock that is ${drift(skewMs)}`,
      remedy: `set the clock of ${judging.name}; the certificate needs nothing`,
    }
  if (isList || !judged.certificate) return undefined
  const { notBefore, notAfter } = judged.certificate
  return {
    name: name === 'certificate-expired' ? 'certificate-expired' : 'certificate-not-yet-valid',
    fault: `${otherEnd(judge)}-certificate`,
    sentence: `${judging.name} refused the certificate of ${judged.name}, which is good from ${notBefore} to ${notAfter}${judging.skewMs === undefined ? '' : `; the clock of ${judging.name} ${clockWords(skewMs)}`}`,
    remedy:
      name === 'certificate-expired'
        ? 'renew it, and find out why that did not happen'
        : failureNamed('certificate-not-yet-valid').remedy,
  }
}

const dated: ReadonlySet<string> = new Set([
  ...['certificate-expired', 'certificate-not-yet-valid', 'crl-stale', 'crl-not-yet-valid'],
])

const words: Record<string, string> = {
  'certificate-expired': 'expired',
  'certificate-not-yet-valid': 'not valid yet',
  'crl-stale': 'out of date',
  'crl-not-yet-valid': 'from the future',
}

/** Where nobody knows its dates, the clock that is off decides. */
const isValid = ({ certificate }: End, at: number): boolean =>
  certificate === undefined || (Date.parse(certificate.notBefore) <= at && at <= Date.parse(certificate.notAfter))

const listIsCurrent = ({ trust }: End, at: number): boolean =>
  trust === undefined ||
  trust.crls.every(({ thisUpdate, nextUpdate }) => Date.parse(thisUpdate) <= at && at <= Date.parse(nextUpdate))

const clockWords = (skewMs: number): string =>
  Math.abs(skewMs) > toleratedSkewMs ? `is ${drift(skewMs)} besides, and not to blame for this` : 'is right'

/** `300 s ahead`. */
export const drift = (skewMs: number): string =>
  `${Math.round(Math.abs(skewMs) / 1000)} s ${skewMs > 0 ? 'ahead' : 'behind'}`
