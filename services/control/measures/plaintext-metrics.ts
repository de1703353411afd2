import type { Observations } from '../../chassis/observation.ts'
import type { Mode } from '../../modes.ts'
import type { Metric, Sample, Seen } from './metric.ts'
import { plaintextSeen } from './plaintext-seen.ts'

/** A caller's record of a request follows its callee's: what is younger than this nobody can account for yet, ms. */
const settledMs = 1_000

/** Plaintext where none is due, and strictness that was relaxed on purpose. */
export const plaintextMetrics = {
  hop_undeclared_plaintext_connections: {
    help: 'Plaintext connections over a zone border that the present mode does not provide for, those turned away aside',
    measure: seen =>
      undeclared(seen).map(({ link, connections, refused, lastSeen }) => ({
        labels: { link },
        value: connections - refused,
        since: () => Date.parse(lastSeen),
      })),
  },
  hop_break_glass_open: {
    help: '1 where a link is relaxed for a while',
    measure: ({ breakGlass }): Sample[] =>
      breakGlass ? [{ labels: { link: breakGlass.link }, value: 1, since: () => breakGlass.at }] : [],
  },
} satisfies Record<string, Metric>

/** While a rollout is under way, what either of its modes provides for is declared; and so is what break-glass relaxes. */
const undeclared = ({ topology, mode, rollout, breakGlass, reports, now }: Seen) => {
  const until = new Date(now - settledMs).toISOString()
  const settled = Object.fromEntries(Object.entries(reports).map(([name, report]) => [name, upTo(report, until)]))
  const seenIn = (one: Mode) => plaintextSeen({ topology, mode: one, reports: settled })
  const declared = new Set(
    [mode, ...(rollout ? [rollout.from, rollout.to] : [])]
      .flatMap(seenIn)
      .filter(({ declared: due, link }) => due || link === breakGlass?.link)
      .map(({ link }) => link),
  )
  return seenIn(mode).filter(({ crossesZone, link }) => crossesZone && !declared.has(link))
}

const upTo = (report: Observations, until: string): Observations => ({
  ...report,
  connections: report.connections.filter(({ at }) => at <= until),
  requests: report.requests.filter(({ at }) => at <= until),
})
