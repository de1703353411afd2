import type { BreakGlass } from '../../services/control/rollout/break-glass-state.ts'
import { linkTitle, type Topology } from '../../services/topology/topology.ts'
import type { Paint } from '../paint.ts'
import { count, listed, moment, shown } from './words.ts'

/** What was opened, until when, and how to close it. */
export const renderBreakGlass = (
  { link, transport, until, reason, acknowledged }: BreakGlass & { acknowledged: boolean },
  { links }: Pick<Topology, 'links'>,
  { paint }: { paint: Paint },
): string => {
  const { callee = link, data = [] } = links.find(({ id }) => id === link) ?? {}
  return [
    `${paint.warn(linkTitle(link))} goes by ${paint.warn(transport)} until ${moment(new Date(until).toISOString())}: ${shown(reason)}`,
    `Until then ${opened[transport]?.(callee, listed(data)) ?? ''}. No other link changes.`,
    'It ends by itself, whether or not the control plane is there; hop break-glass --end ends it now.',
    ...(acknowledged ? [] : [paint.bad('An end of the link did not say that it does so: it may not be reached.')]),
  ].join('\n')
}

const opened: Partial<Record<BreakGlass['transport'], (callee: string, data: string) => string>> = {
  plaintext: (callee, data) =>
    `whoever is on the wire can read and change ${data || 'it'}, and whoever reaches ${callee} can say that he is the caller`,
  tls: callee => `whoever reaches ${callee} can say that he is the caller`,
}

/** The link that is relaxed now, as a line of the lab's state; none where there is none. */
export const breakGlassLines = (
  glass: (BreakGlass & { leftMs: number }) | null | undefined,
  { paint }: { paint: Paint },
): string[] =>
  glass
    ? [
        paint.warn(
          `break-glass: ${linkTitle(glass.link)} by ${glass.transport} for ${count(Math.ceil(glass.leftMs / 1000), 'more second')}: ${shown(glass.reason)}`,
        ),
      ]
    : []
