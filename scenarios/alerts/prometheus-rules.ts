import { stringify } from 'yaml'
import type { Comparison, Condition } from './alert.ts'
import { conditions } from './conditions.ts'

/** What a condition says in Prometheus' language. Names of metrics and labels are the same there. */
const expressions: Record<Comparison, (metric: string, threshold: number) => string> = {
  '>': (metric, threshold) => `${metric} > ${threshold}`,
  '>=': (metric, threshold) => `${metric} >= ${threshold}`,
  '==': (metric, threshold) => `${metric} == ${threshold}`,
  // abs() would take the sign from what the summary tells
  'abs >': (metric, threshold) => `${metric} > ${threshold} or ${metric} < -${threshold}`,
}

export const expressionOf = ({ metric, comparison, threshold }: Condition): string =>
  expressions[comparison](metric, threshold)

const ruleOf = (condition: Condition) => ({
  alert: condition.alert,
  expr: expressionOf(condition),
  ...(condition.forS === 0 ? {} : { for: `${condition.forS}s` }),
  labels: { severity: condition.severity },
  annotations: {
    summary: condition.summary.replaceAll('{{ $value }}', '{{ printf "%.1f" $value }}'),
    remedy: condition.remedy,
  },
})

/** What the control plane cannot tell of itself: that nobody hears of it, so that all the others are silent. */
const unheard = {
  alert: 'ControlPlaneAway',
  expr: 'up{job="hop", instance="control"} == 0',
  for: '15s',
  labels: { severity: 'critical' },
  annotations: {
    summary: 'nobody can scrape the control plane, so no other alert can fire',
    remedy: 'see whether it runs, and whether the operator token in credentials_file is the one it has now',
  },
}

/** Prometheus' rules for a table of conditions. */
export const ruleGroups = (table: readonly Condition[] = conditions) => [
  { name: 'hop', rules: [...table.map(ruleOf), unheard] },
]

/** The same as a rule file. */
export const prometheusRules = (groups = ruleGroups()): string =>
  `# Made from scenarios/alerts/conditions.ts by: hop alerts --prometheus\n${stringify({ groups }, { lineWidth: 0 })}`
