import type { L7Observations, Observations } from '../../services/chassis/observation.ts'

/** What the pack counted at one workload between two reports. */
export type L7Counts = {
  requests: number
  /** By route, then by class of status. */
  routes: Record<string, Record<string, number>>
  /** Requests whose latency fell into a bucket, by route. */
  timed: Record<string, number>
  /** By the name of the refusal. */
  refused: Record<string, number>
}

/** Undefined where the pack is not mounted. */
export const countedBetween = (
  before: Pick<Observations, 'l7'> | undefined,
  after: Pick<Observations, 'l7'> | undefined,
): L7Counts | undefined => {
  if (!after?.l7) return undefined
  const counts: L7Counts = { requests: 0, routes: {}, timed: {}, refused: {} }
  for (const { route, status, latency, refused } of after.l7.routes) {
    const earlier = before?.l7?.routes.find(known => known.route === route)
    const classes = grown(status, earlier?.status)
    if (sum(classes) === 0) continue
    counts.routes[route] = classes
    counts.requests += sum(classes)
    counts.timed[route] = total(latency) - total(earlier?.latency ?? [])
    for (const [name, more] of Object.entries(grown(refused, earlier?.refused)))
      counts.refused[name] = (counts.refused[name] ?? 0) + more
  }
  return counts
}

/** One line for each route, for people. */
export const countsInWords = ({ routes }: L7Counts): string =>
  Object.entries(routes)
    .map(
      ([route, classes]) =>
        `${route}: ${Object.entries(classes)
          .map(([name, n]) => `${n} × ${name}`)
          .join(', ')}`,
    )
    .join('; ') || 'nothing'

const grown = (now: Record<string, number>, before: Record<string, number> = {}): Record<string, number> =>
  Object.fromEntries(
    Object.entries(now)
      .map(([name, n]) => [name, n - (before[name] ?? 0)] as const)
      .filter(([, n]) => n > 0),
  )

const sum = (counts: Record<string, number>): number => total(Object.values(counts))
const total = (numbers: L7Observations['latencyMs']): number => numbers.reduce((all, n) => all + n, 0)
