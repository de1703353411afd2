/** When a rollout stops by itself. */
export type RolloutGuard = {
  /** Share of requests that may fail (status 5xx, or no answer) since the step began; above it is rolled back. */
  errorRate: number
  /** So many requests must have been seen before the rate counts. */
  atLeast: number
  /** How long callers are looked for, after everybody has moved and before anything narrows. */
  observeMs: number
}

export const usualGuard: RolloutGuard = { errorRate: 0.02, atLeast: 20, observeMs: 2000 }

/** Whoever waits for the end hears nothing in the meantime, and should not hang up. */
export const mostObserveMs = 240_000

/** How a rollout goes. Without a guard it only moves, as `hop mode` does. */
export type RolloutWish = {
  guard?: Partial<RolloutGuard>
  /** Only links into these workloads take the new way, and it holds there (after `move`). */
  canary?: string[]
}

/** A caller seen going a way that will be closed. */
export type LastingCaller = {
  callee: string
  /** SPIFFE ID it proved or stated; absent where it said nothing. */
  caller?: string
  address: string
  transport: 'plaintext' | 'tls' | 'mtls'
  requests: number
  connections: number
  /** ISO 8601. */
  lastSeen: string
}
