import { afterAll, beforeAll, expect, test } from 'vitest'
import type { AlertName } from '../../scenarios/alerts/conditions.ts'
import { observeAlerts } from '../../scenarios/alerts/observe.ts'
import { catalogue } from '../../scenarios/catalogue.ts'
import { groupOf } from '../../scenarios/claims.ts'
import { readUntil } from '../../scenarios/flows/patience.ts'
import { mark } from '../../scenarios/flows/records.ts'
import { placeOrder } from '../../scenarios/flows/stand-in.ts'
import { connectLab, type LabClient } from '../../scenarios/lab-client.ts'
import { runScenario } from '../../scenarios/runner.ts'
import { startTestLab, type TestLab } from './lab.ts'

/** `must`: whoever looks now and then sees one of these at least. `may`: deserved, and sometimes too short for that. */
type Deserved = { must?: AlertName[]; may?: AlertName[] }

/** An expired workload cannot even report, and who waits for it to answer misses what else there is. */
const expiry: AlertName[] = ['RenewalOff', 'CertificateExpiresSoon', 'CertificateExpired', 'WorkloadAway']

/** What each scenario of certificates, their life and migration deserves in a lab with mutual TLS; the others: nothing. */
export const deservedAlerts: Record<string, Deserved> = {
  'alerts-fire-where-deserved': {
    must: expiry,
    may: ['HandshakeFailures', 'TrustBehind', 'ClockSkew'],
  },
  'break-glass': { must: ['BreakGlassOpen'], may: ['PlaintextAcrossBorder', 'HandshakeFailures'] },
  'ca-rotation-in-order': {},
  'ca-rotation-out-of-order': {
    may: ['HandshakeFailures', 'TrustBehind', 'CrlMissing', 'WorkloadAway', 'RenewalFailing'],
  },
  'certificates-multiply': {},
  'clock-drift': { must: ['ClockSkew'], may: ['HandshakeFailures', 'RenewalFailing', 'WorkloadAway'] },
  'crl-fails-closed-or-open': { must: ['CrlExpired'], may: ['CrlExpiresSoon', 'CrlMissing', 'HandshakeFailures'] },
  'expired-certificate-is-an-outage': { must: expiry, may: ['HandshakeFailures'] },
  'failures-are-named': { must: ['HandshakeFailures'] },
  'highest-risk-first': {},
  'http-semantics': {},
  'keys-stay-home': {},
  'maturity-withholds': { must: expiry, may: ['HandshakeFailures'] },
  'permissive-then-strict': { may: ['PlaintextAcrossBorder', 'HandshakeFailures'] },
  'preview-of-strictness': { may: ['PlaintextAcrossBorder'] },
  'protocol-policy': {},
  'renewal-loses-nothing': {},
  'revocation-takes-effect': {},
  'service-code-is-the-same': {},
  'short-lives-limit-theft': { may: ['RenewalOff'] },
  'switch-while-running': {},
  'trust-bundle-reaches-everybody': { may: ['TrustBehind'] },
  'two-pkis': { must: ['HandshakeFailures'] },
}

/** The scenarios this table is about. */
export const aboutCertificates = catalogue
  .filter(({ claims }) => claims.some(id => ['L', 'S'].includes(groupOf(id))))
  .map(({ id }) => id)

/** Runs these scenarios, each while somebody looks at the alerts all the time. */
export const alertsFireOnlyWhereDeserved = (ids: readonly string[]): void => {
  let embedded: TestLab
  let lab: LabClient

  beforeAll(async () => {
    embedded = await startTestLab({ mode: 'mtls' })
    lab = await connectLab(embedded.access)
  })

  afterAll(async () => {
    await lab?.close()
    await embedded?.close()
  })

  test.each(catalogue.filter(({ id }) => ids.includes(id)).map(scenario => ({ ...scenario })))(
    'while $id runs only what it deserves fires, and all is quiet after it',
    async scenario => {
      const { must = [], may = [] } = deservedAlerts[scenario.id] ?? {}
      const marks = await mark(lab)
      const fired = new Set<string>()
      const running = { on: true }
      const watching = (async () => {
        while (running.on) for (const { alert } of await observeAlerts(lab, marks)) fired.add(alert)
      })()
      const cells = await runScenario(lab, scenario).finally(() => {
        running.on = false
      })
      await watching
      expect(cells.filter(({ asExpected }) => !asExpected).map(({ because }) => because)).toEqual([])
      expect([...fired].filter(alert => ![...must, ...may].includes(alert as AlertName))).toEqual([])
      expect(must.length === 0 || must.some(alert => fired.has(alert)), [...fired].join(', ')).toBe(true)

      const later = await mark(lab)
      await placeOrder(lab)
      const firing = await readUntil(
        () => observeAlerts(lab, later),
        found => found.length === 0,
        { tries: 40, pauseMs: 50 },
      )
      expect(firing).toEqual([])
    },
    60_000,
  )
}
