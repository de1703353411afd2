import type { X509Certificate } from 'node:crypto'
import { HopError } from '../../pki/error.ts'
import type { Credentials } from './credentials.ts'
import type { UpstreamSpec } from './desired.ts'
import type { Inspect } from './inspection.ts'
import type { Telemetry } from './telemetry.ts'
import { createUnderWay } from './under-way.ts'
import { createUpstream, type ManagedUpstream, sameUpstream } from './upstream.ts'

/** The ways out of one workload, by callee. */
export type Upstreams = {
  get(callee: string): ManagedUpstream | undefined
  all(): ManagedUpstream[]
  /** From now on calls go by `specs`. Resolves when none goes the old way. Who is not among them stays until `keepOnly`. */
  apply(specs: readonly UpstreamSpec[]): Promise<void>
  keepOnly(specs: readonly UpstreamSpec[]): Promise<void>
  /** Begins anew whatever is encrypted, with the credentials of now. Resolves when the last old request is answered. */
  renew(): Promise<unknown>
  /** The same, of those that reach a callee with such a certificate. */
  leave(matches: (callee: X509Certificate) => boolean): Promise<unknown>
  /** See `ManagedUpstream.cut`. */
  cut(matches: (callee: X509Certificate) => boolean): void
  lookAtExpiry(): void
  destroy(): Promise<unknown>
}

export const createUpstreams = (shared: {
  credentials: Credentials
  telemetry: Telemetry
  clock: () => number
  inspect: Inspect
}): Upstreams => {
  const upstreams = new Map<string, ManagedUpstream>()
  const all = () => [...upstreams.values()]
  // old ways out that still carry requests: whoever applies something newer in the meantime waits for them too
  const leaving = createUnderWay()
  const anew = (some: ManagedUpstream[]) => Promise.all(some.map(upstream => upstream.replace(upstream.spec())))
  return {
    get: callee => upstreams.get(callee),
    all,
    apply(specs) {
      for (const spec of specs) {
        const known = upstreams.get(spec.callee)
        if (!known) upstreams.set(spec.callee, createUpstream({ spec, ...shared }))
        else if (!sameUpstream(known.spec(), spec)) leaving.add(known.replace(spec))
      }
      return leaving.over()
    },
    keepOnly(specs) {
      for (const [callee, upstream] of upstreams) {
        if (specs.some(spec => spec.callee === callee)) continue
        upstreams.delete(callee)
        leaving.add(upstream.close())
      }
      return leaving.over()
    },
    renew: () => anew(all().filter(upstream => upstream.spec().transport !== 'plaintext')),
    leave: matches => anew(all().filter(upstream => upstream.reaches(matches))),
    cut(matches) {
      for (const upstream of all()) upstream.cut(matches)
    },
    lookAtExpiry() {
      for (const upstream of all()) upstream.lookAtExpiry()
    },
    destroy: () => Promise.all(all().map(upstream => upstream.destroy())),
  }
}

/** Nobody is called by that name here, now. */
export const noUpstream = (callee: string, known: readonly ManagedUpstream[]) =>
  new HopError('no-upstream', {
    field: 'upstream',
    expected: known.map(upstream => upstream.spec().callee).join(', '),
    found: callee,
  })
