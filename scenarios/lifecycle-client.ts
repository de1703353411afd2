import type { RevocationReason } from '../pki/crl.ts'
import { HopError } from '../pki/error.ts'
import type { Transport } from '../services/chassis/transport.ts'
import type {
  CarelessOrder,
  RotationOutcome,
  RotationProgress,
  RotationStep,
  RotationSubject,
} from '../services/control/certificates/rotation-steps.ts'
import type { CertificateRow, TrustState } from '../services/control/certificates/trust-state.ts'
import type { Applied } from '../services/control/changes.ts'
import type { BreakGlass } from '../services/control/rollout/break-glass-state.ts'
import { errorOf, type LabHttp, type ProblemParts } from './lab-http.ts'

/** Certificates, trust and strictness of a running lab, over its operator API. Methods reject as those of `LabClient` do. */
export type LifecycleClient = {
  trust(): Promise<TrustState>
  certificates(): Promise<CertificateRow[]>
  /** Has a workload renew everything it holds now; resolves when it did. */
  renew(workload: string): Promise<void>
  /** Takes certificates back, several serials all or none; `acknowledged`: every connected workload refuses them, after `ms`. */
  revoke(what: RevocationWish): Promise<Applied & { serials: string[]; ms: number }>
  /** Lets a workload in again, with a new key, whose certificates were revoked; resolves when it is back. */
  reenrol(workload: string): Promise<{ ms: number }>
  /** Rotates a CA, or goes on with the rotation under way; with `stopAt` it holds after that step. */
  rotate(what: RotationSubject, options?: RotateOptions): Promise<RotationOutcome>
  /** Back to the CA the rotation under way came from: from any step but after the last. */
  rotateBack(onProgress?: (progress: RotationProgress) => void): Promise<RotationOutcome>
  /** Relaxes one link; `acknowledged`: both its ends said that they do so. */
  breakGlass(what: BreakGlassWish): Promise<BreakGlass & Applied>
  /** Ends it before its time. */
  endBreakGlass(): Promise<void>
}

/** A name is a SPIFFE ID or DNS name: all that is live in it. */
export type RevocationWish = ({ serials: readonly string[] } | { id: string }) & { reason: RevocationReason }

export type BreakGlassWish = { link: string; forS: number; reason: string; transport?: Transport }

export type RotateOptions = {
  stopAt?: RotationStep
  careless?: CarelessOrder
  onProgress?: (progress: RotationProgress) => void
}

type LastLine = ({ done: true } & RotationOutcome) | { done: false; problem: ProblemParts }

export const createLifecycleClient = (operator: LabHttp): LifecycleClient => {
  const narrated = async (path: string, body: object, onProgress: RotateOptions['onProgress'] = () => {}) => {
    for await (const line of operator.lines('POST', path, body)) {
      const said = line as RotationProgress | LastLine
      if ('type' in said) onProgress(said)
      else if (!said.done) throw errorOf(said.problem)
      else return { what: said.what, ...(said.heldAt && { heldAt: said.heldAt }) }
    }
    throw new HopError('lab-gone', { message: 'the lab went away during the rotation' })
  }
  return {
    trust: () => operator.json('GET', '/api/trust'),
    certificates: () => operator.json('GET', '/api/certificates'),
    async renew(workload) {
      const path = `/api/workloads/${encodeURIComponent(workload)}/renew`
      const { acknowledged } = await operator.json<Applied>('POST', path, {})
      if (acknowledged) return
      const found = 'no acknowledgement in time'
      throw new HopError('not-acknowledged', { field: `renewal of ${workload}`, expected: 'new certificates', found })
    },
    revoke: what => operator.json('POST', '/api/revoke', what),
    async reenrol(workload) {
      const path = `/api/workloads/${encodeURIComponent(workload)}/reenrol`
      const { acknowledged, ms } = await operator.json<Applied & { ms: number }>('POST', path, {})
      if (acknowledged) return { ms }
      throw new HopError('not-acknowledged', {
        field: `${workload}, enrolled anew`,
        expected: 'what it was told, done',
        found: 'no acknowledgement in time',
      })
    },
    rotate: (what, { onProgress, ...how } = {}) => narrated('/api/rotation', { what, ...how }, onProgress),
    rotateBack: onProgress => narrated('/api/rotation/back', {}, onProgress),
    breakGlass: what => operator.json('POST', '/api/break-glass', what),
    endBreakGlass: async () => void (await operator.json('POST', '/api/break-glass/end', {})),
  }
}
