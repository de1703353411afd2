import { describe, expect, test } from 'vitest'
import { atScale, countCertificates } from '../../../scenarios/certificate-counts.ts'
import type { ShownCertificate } from '../../../scenarios/flows/certificates-shown.ts'
import certificatesMultiply, { judgeMultiplied } from '../../../scenarios/lifecycle/certificates-multiply.ts'
import { bySerial } from '../../../services/control/measures/life.ts'
import { modes } from '../../../services/modes.ts'
import { heldBy, rowOf, topology } from './alert-cases.ts'
import { answered } from './outcomes.ts'

const ofWorkload = (workload: string): ShownCertificate => ({ ...heldBy(workload), workload })
const publicAt = (workload: string): ShownCertificate => ({
  ...heldBy('shop'),
  kind: 'public',
  name: 'shop.hop.lab',
  workload,
})

/** Of an hour each, so that each is issued twice an hour. */
const rows = bySerial({ certificates: ['shop', 'edge', 'gateway', 'orders'].map(name => rowOf(name)) })
const alone = countCertificates([publicAt('edge')], rows)
const everywhere = countCertificates([publicAt('edge'), ...['edge', 'gateway', 'orders'].map(ofWorkload)], rows)

test('certificates, owners and issuances are counted from what was shown and how long it lives', () => {
  expect(alone).toMatchObject({ certificates: 1, owners: ['edge'], issuancesPerHour: 2 })
  expect(everywhere).toMatchObject({ certificates: 4, owners: ['edge', 'gateway', 'orders'], issuancesPerHour: 8 })
})

test('a shorter life is more work', () => {
  const short = bySerial({ certificates: [rowOf('orders', 1, 5)] })
  expect(countCertificates([{ ...heldBy('orders', 1, 5), workload: 'orders' }], short).issuancesPerHour).toBe(1440)
})

test('the public one stays one, those of workloads grow with the services', () => {
  expect(atScale(alone, 6, 500)).toEqual({ services: 500, certificates: 1, owners: 1, issuancesPerHour: 2 })
  expect(atScale(everywhere, 3, 300)).toEqual({ services: 300, certificates: 301, owners: 300, issuancesPerHour: 602 })
  expect(atScale(everywhere, 6, 6)).toMatchObject({ certificates: 4, issuancesPerHour: 8 })
})

describe('the verdict', () => {
  const judge = (counts = everywhere, more = {}) =>
    judgeMultiplied({ counts, unknown: [], workloads: 6, answer: answered, ...more })

  test('holds where one workload has all of them', () => {
    expect(judge(alone)).toMatchObject({ verdict: 'holds', control: { passed: true } })
  })

  test('is broken where several have', () => {
    const observed = judge()
    expect(observed).toMatchObject({ verdict: 'broken', control: { passed: true } })
    expect(observed.because).toBe('4 in use, at edge, gateway, orders; with 500 services it would be 251')
  })

  test('counts for nothing where the probe failed, nothing was shown, or a certificate is in no ledger', () => {
    const refused = { answered: false, failure: { name: 'x', code: 'x' } }
    expect(judge(alone, { answer: refused }).control.passed).toBe(false)
    expect(judge(countCertificates([], rows)).control.passed).toBe(false)
    expect(judge(alone, { unknown: [ofWorkload('orders')] }).control.passed).toBe(false)
  })

  test('is expected to hold where everything inside is plaintext', () => {
    const { expected } = certificatesMultiply
    const due = modes.map(mode => typeof expected === 'function' && expected(mode, topology))
    expect(due.filter(verdict => verdict === 'holds')).toHaveLength(1)
  })
})
