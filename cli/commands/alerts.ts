import { observeAlerts } from '../../scenarios/alerts/observe.ts'
import { type Context, withLab } from '../command.ts'
import { exit } from '../exit.ts'
import { renderAlerts } from '../render/alerts.ts'

/** Which alerts fire now, and where. Fails when a critical one does. */
export const alerts = (context: Context): Promise<number> =>
  withLab(context, async lab => {
    const firing = await observeAlerts(lab)
    context.screen.answer({ topology: lab.topology.name, firing }, () => renderAlerts(firing, context.screen))
    return firing.some(({ severity }) => severity === 'critical') ? exit.failed : exit.ok
  })
