import { observeAlerts } from '../../scenarios/alerts/observe.ts'
import { prometheusRules, ruleGroups } from '../../scenarios/alerts/prometheus-rules.ts'
import { type Context, withLab } from '../command.ts'
import { exit } from '../exit.ts'
import { renderAlerts } from '../render/alerts.ts'

/** Which alerts fire now, and where. Fails when a critical one does. `prometheus`: what they are, without any lab. */
export const alerts = async (context: Context, { prometheus }: { prometheus?: boolean }): Promise<number> => {
  const { screen } = context
  if (prometheus) {
    screen.answer({ groups: ruleGroups() }, () => prometheusRules().trimEnd())
    return exit.ok
  }
  return withLab(context, async lab => {
    const firing = await observeAlerts(lab)
    screen.answer({ topology: lab.topology.name, firing }, () => renderAlerts(firing, screen))
    return firing.some(({ severity }) => severity === 'critical') ? exit.failed : exit.ok
  })
}
