import { expect, test } from 'vitest'
import { aboutCertificates, alertsFireOnlyWhereDeserved, deservedAlerts } from '../support/deserved-alerts.ts'

test('every scenario about certificates and migration has its line, and nobody else', () => {
  expect(Object.keys(deservedAlerts).sort()).toEqual([...aboutCertificates].sort())
})

// one that sets alerts off and two that do not; the slow tests run them all
alertsFireOnlyWhereDeserved(['break-glass', 'protocol-policy', 'service-code-is-the-same'])
