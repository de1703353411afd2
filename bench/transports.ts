/** What one hop is measured on: how the client reaches it, how it reaches the backend. */
export type Pairing = { front: 'plain' | 'tls'; back: 'plain' | 'tls' | 'mtls' }

export const pairings: readonly Pairing[] = [
  { front: 'plain', back: 'plain' },
  { front: 'tls', back: 'plain' },
  { front: 'plain', back: 'mtls' },
  { front: 'tls', back: 'tls' },
  { front: 'tls', back: 'mtls' },
]

export const nameOf = ({ front, back }: Pairing): string => `${front}→${back}`

/** What a hop process is told on its command line, as JSON. */
export type HopTask = Pairing & { port: number; backend: number; certificates: string; observing?: Observing }

/** What of observing is switched on; `tracesTo`: an OTLP/HTTP endpoint. */
export type Observing = { log: boolean; metrics: boolean; scrapeEveryMs?: number; tracesTo?: string }
