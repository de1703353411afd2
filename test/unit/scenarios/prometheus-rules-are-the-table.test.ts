import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { conditions } from '../../../scenarios/alerts/conditions.ts'
import { prometheusRules, ruleGroups } from '../../../scenarios/alerts/prometheus-rules.ts'
import { metrics } from '../../../services/control/measures/metrics.ts'

const committed = (name: string): string =>
  readFileSync(fileURLToPath(new URL(`../../../deploy/observability/${name}`, import.meta.url)), 'utf8')

test('the committed rules are what the table makes; else: hop alerts --prometheus > deploy/observability/hop.rules.yaml', () => {
  expect(committed('hop.rules.yaml')).toBe(prometheusRules())
})

test('each condition is a rule on a metric that the control plane tells, by the same name', () => {
  const rules = ruleGroups()[0]!.rules
  for (const { alert, metric } of conditions) {
    expect(Object.keys(metrics)).toContain(metric)
    expect(rules.find(rule => rule.alert === alert)?.expr).toContain(metric)
  }
})

test('a clock that is behind is told as behind: both sides of zero are compared', () => {
  const { expr } = ruleGroups()[0]!.rules.find(({ alert }) => alert === 'ClockSkew')!
  expect(expr).toBe('hop_clock_skew_seconds > 5 or hop_clock_skew_seconds < -5')
})

test('each rule has a case in which it fires and one in which it is silent', () => {
  type Case = { alertname: string; exp_alerts: object[] }
  const { tests } = parse(committed('hop.rules.test.yaml')) as {
    tests: { alert_rule_test: Case[]; input_series: { series: string }[] }[]
  }
  const cases = tests.flatMap(({ alert_rule_test }) => alert_rule_test)
  for (const { alert } of ruleGroups()[0]!.rules) {
    const of = cases.filter(({ alertname }) => alertname === alert)
    expect([alert, of.some(({ exp_alerts }) => exp_alerts.length > 0)]).toEqual([alert, true])
    // silence: of all, or of one of the series while another fires
    const quiet = of.some(({ exp_alerts }) => exp_alerts.length === 0)
    const metric = conditions.find(condition => condition.alert === alert)?.metric ?? 'up'
    const beside = tests.some(({ input_series, alert_rule_test }) =>
      alert_rule_test.some(
        ({ alertname, exp_alerts }) =>
          alertname === alert &&
          exp_alerts.length < input_series.filter(({ series }) => series.startsWith(metric)).length,
      ),
    )
    expect([alert, quiet || beside]).toEqual([alert, true])
  }
})
