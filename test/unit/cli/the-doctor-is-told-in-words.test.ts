import { expect, it } from 'vitest'
import { createPaint } from '../../../cli/paint.ts'
import { renderExamination } from '../../../cli/render/doctor.ts'
import type { Examination } from '../../../scenarios/doctor/examine.ts'
import type { Finding } from '../../../scenarios/doctor/finding.ts'

const finding = (severity: Finding['severity'], name: string): Finding => ({
  ...{ severity, name, where: 'orders:payments', seen: ['payments: certificate-expired (CERT_HAS_EXPIRED)'] },
  cause: `the certificate is past its notAfter, ${'or the clock that judges it runs ahead, '.repeat(4)}as ever`,
  remedy: 'renew it',
})

const examined = (findings: Finding[]): Examination => ({
  ...{ topology: 'shop', mode: 'mtls', at: '2026-01-01T00:00:00.000Z', findings },
  errors: findings.filter(({ severity }) => severity === 'error').length,
  warnings: findings.filter(({ severity }) => severity === 'warning').length,
})

const notes = [...Array.from({ length: 90 }, () => finding('note', 'refused-revoked')), finding('note', 'refused-x')]
const look = { paint: createPaint(false), columns: 100 }

it('what is wrong is told whole, within 100 columns', () => {
  const text = renderExamination(examined([finding('error', 'refused-expired')]), look)
  expect(text).toContain('✗ orders → payments  refused-expired')
  expect(text.match(/runs ahead/g)).toHaveLength(4)
  expect(Math.max(...text.split('\n').map(line => line.length))).toBeLessThanOrEqual(100)
})

it('notes are counted by kind, and told one by one only where that is asked for', () => {
  const folded = renderExamination(examined(notes), look)
  expect(folded.split('\n').length).toBeLessThan(10)
  expect(folded).toContain('91 notes')
  expect(folded).toContain('90 refused-revoked')
  expect(folded).toContain('✓ nothing is wrong: 0 errors, 0 warnings, 91 notes')
  const whole = renderExamination(examined(notes), { ...look, notes: true })
  expect(whole.match(/· orders → payments/g)).toHaveLength(91)
})
