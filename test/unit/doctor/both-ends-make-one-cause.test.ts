import { describe, expect, test } from 'vitest'
import { diagnose } from '../../../scenarios/doctor/diagnose.ts'
import type { End, Pair } from '../../../scenarios/doctor/end.ts'
import { skewOf } from '../../../scenarios/doctor/end.ts'
import { failureNames, failureOf } from '../../../services/chassis/failures.ts'
import { anHour, authorities, ca, listsOf, now, root } from './looked.ts'

const iso = (ms: number) => new Date(ms).toISOString()
const failed = (code: string) => {
  const { name } = failureOf({ code })
  return { failure: { name, code } }
}
const causeOf = (caller: Partial<End>, callee: Partial<End>) => {
  const pair: Pair = {
    caller: { name: 'gateway', ...caller },
    callee: { name: 'orders', ...callee },
    at: now,
    authorities,
  }
  return diagnose(pair)
}
const good = { certificate: { notBefore: iso(now - anHour), notAfter: iso(now + anHour), issuer: ca } }
const ended = { certificate: { ...good.certificate, notAfter: iso(now - 60_000) } }
const early = { certificate: { ...good.certificate, notBefore: iso(now + 60_000) } }

describe('dates and clocks', () => {
  test.each([
    ['a callee whose clock is ahead', 'CERT_HAS_EXPIRED', good, 2 * anHour, 'clock-skew', 'callee-clock'],
    ['a callee whose clock is behind', 'CERT_NOT_YET_VALID', good, -2 * anHour, 'clock-skew', 'callee-clock'],
    ['a certificate that ended', 'CERT_HAS_EXPIRED', ended, 0, 'certificate-expired', 'caller-certificate'],
    [
      'one that ended, and a clock that is off too',
      'CERT_HAS_EXPIRED',
      ended,
      2 * anHour,
      'certificate-expired',
      'caller-certificate',
    ],
    [
      'a certificate that is too early',
      'CERT_NOT_YET_VALID',
      early,
      0,
      'certificate-not-yet-valid',
      'caller-certificate',
    ],
    ['a clock hardly off', 'CERT_HAS_EXPIRED', ended, 900, 'certificate-expired', 'caller-certificate'],
  ])('%s', (_what, code, caller, skewMs, name, fault) => {
    expect(causeOf(caller, { record: failed(code), skewMs })).toMatchObject({ name, fault })
  })

  test('the clock of who refused an ended certificate is told as it is', () => {
    const said = (skewMs: number) => causeOf(ended, { record: failed('CERT_HAS_EXPIRED'), skewMs })?.sentence
    expect(said(0)).toMatch(/the clock of \w+ is right$/)
    expect(said(2 * anHour)).toMatch(/the clock of \w+ is 7200 s ahead besides, and not to blame for this$/)
  })

  test('the same on the caller’s side', () => {
    expect(causeOf({ record: failed('CERT_HAS_EXPIRED'), skewMs: 2 * anHour }, good)).toMatchObject({
      name: 'clock-skew',
      fault: 'caller-clock',
    })
    expect(causeOf({ record: failed('CERT_HAS_EXPIRED'), skewMs: 0 }, ended)).toMatchObject({
      fault: 'callee-certificate',
    })
  })

  test('the clock of the end that was refused says nothing', () => {
    expect(causeOf({ ...ended, skewMs: 2 * anHour }, { record: failed('CERT_HAS_EXPIRED') })).toMatchObject({
      fault: 'caller-certificate',
    })
  })

  test('a list that ran out, and a clock that only thinks so', () => {
    const stale = { ...failed('CRL_HAS_EXPIRED') }
    const trust = (nextUpdate: number) => ({ version: 1, roots: [root], crls: listsOf(nextUpdate) })
    expect(causeOf(good, { record: stale, trust: trust(now - 1), skewMs: 0 })).toMatchObject({
      name: 'crl-stale',
      fault: 'callee-trust',
    })
    expect(causeOf(good, { record: stale, trust: trust(now + anHour), skewMs: 2 * anHour })).toMatchObject({
      name: 'clock-skew',
      fault: 'callee-clock',
    })
    expect(causeOf(good, { record: stale, trust: trust(now - 1), skewMs: 2 * anHour })).toMatchObject({
      name: 'crl-stale',
    })
  })

  test('a clock is off only where no moment of the question explains it', () => {
    expect(skewOf(iso(now + 5), now, now + 10)).toBe(0)
    expect(skewOf(iso(now - 500), now, now + 10)).toBe(-500)
    expect(skewOf(iso(now + 510), now, now + 10)).toBe(500)
  })
})

describe('authorities', () => {
  const other = 'ff'.repeat(20)
  const trusting = (roots: string[], crls = listsOf(now + anHour)) => ({ trust: { version: 1, roots, crls } })
  const unknown = failed('UNABLE_TO_GET_ISSUER_CERT_LOCALLY')

  test('two PKIs are told in one line that names both roots', () => {
    const cause = causeOf({ ...good, ...trusting([other]) }, { record: unknown, ...trusting([root]) })
    expect(cause).toMatchObject({ name: 'two-pkis', fault: 'callee-trust' })
    expect(cause?.sentence).toBe(
      `two PKIs: orders trusts root ${root.slice(0, 8)}, gateway belongs to root ${other.slice(0, 8)}`,
    )
  })

  test('our own authority that the callee was not told of is trust that did not arrive', () => {
    const cause = causeOf({ ...good, ...trusting([other, root]) }, { record: unknown, ...trusting([other]) })
    expect(cause).toMatchObject({ name: 'trust-not-arrived', fault: 'callee-trust' })
  })

  test('a list that is missing, and a stranger whose lists nobody has', () => {
    const missing = failed('UNABLE_TO_GET_CRL')
    const stranger = { certificate: { ...good.certificate, issuer: other } }
    expect(causeOf(good, { record: missing, ...trusting([root], []) })).toMatchObject({
      name: 'crl-missing',
      fault: 'callee-trust',
    })
    expect(causeOf(stranger, { record: missing, ...trusting([root]) })).toMatchObject({
      name: 'unknown-authority',
      fault: 'caller-certificate',
    })
    expect(causeOf({}, { record: { ...missing, peerIssuer: other }, ...trusting([root]) })).toMatchObject({
      name: 'unknown-authority',
    })
    expect(causeOf({}, { record: missing, ...trusting([root]) })).toMatchObject({ name: 'unknown-authority' })
    expect(causeOf({}, { record: missing })).toMatchObject({ name: 'crl-missing' })
  })

  test('a CA that is trusted no more makes a stranger of its certificates', () => {
    const pair: Pair = {
      caller: { name: 'gateway', ...good },
      callee: { name: 'orders', record: unknown, ...trusting([other]) },
      at: now,
    }
    const retired = authorities.map(each => ({ ...each, trusted: false }))
    expect(diagnose({ ...pair, authorities: retired })).toMatchObject({
      name: 'unknown-authority',
      fault: 'caller-certificate',
    })
  })
})

describe('which end tells', () => {
  test.each([
    ['ERR_SSL_TLSV1_ALERT_UNKNOWN_CA', 'unknown-authority'],
    ['ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED', 'certificate-expired'],
    ['ERR_SSL_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE', 'wrong-usage'],
  ])('an alert %s at the callee is the caller’s word on the callee’s certificate', (code, name) => {
    expect(causeOf({}, { record: failed(code) })).toMatchObject({ name, fault: 'callee-certificate' })
  })

  test('an alert at the caller is the callee’s word', () => {
    const asked = failed('ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED')
    expect(causeOf({ record: asked }, {})).toMatchObject({ name: 'no-client-certificate', fault: 'caller-certificate' })
  })

  test('what one end met itself counts for more than what the other was told', () => {
    const cause = causeOf(
      { record: failed('ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE') },
      { record: failed('ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE') },
    )
    expect(cause?.name).toBe('no-client-certificate')
    expect(cause?.seen).toEqual({
      caller: { name: 'no-shared-cipher', code: 'ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE' },
      callee: { name: 'no-client-certificate', code: 'ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE' },
    })
  })

  test('nothing wrong is nothing to name', () => {
    expect(causeOf({ record: { side: 'client' } }, { record: { side: 'server' } })).toBeUndefined()
    expect(causeOf({}, {})).toBeUndefined()
  })

  test('a caller that is known and may not is denied, not refused', () => {
    const cause = causeOf({}, { record: { side: 'server' }, denied: 'no rule' })
    expect(cause).toMatchObject({ name: 'not-allowed', fault: 'caller-certificate' })
  })

  test.each(failureNames.filter(name => name !== 'client-gone'))('%s has one cause, at either end', name => {
    const record = { failure: { name, code: name } }
    for (const cause of [causeOf({ record }, {}), causeOf({}, { record })]) {
      expect(cause?.sentence).toMatch(/gateway|orders/)
      expect(cause?.remedy).toMatch(/.{5}/)
    }
  })
})
