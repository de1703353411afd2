import type { TrustState } from '../../services/control/certificates/trust-state.ts'
import type { LabClient } from '../lab-client.ts'
import type { Attempt } from '../tools/attempt.ts'
import { freshCanary } from '../tools/canary.ts'
import type { Outsider } from '../tools/outsider.ts'

/** One order of a customer who has a client of his own, all values fresh. */
export const orderBy = (lab: LabClient, client: Outsider): Promise<Attempt> => {
  const { method, path, body, headers } = freshCanary(lab.topology)
  return client.send({ method, path, body, headers })
}

/** Ends what a rotation that went wrong may have left under way. */
export const endRotation = async (lab: LabClient): Promise<void> => {
  if ((await lab.lifecycle.trust()).rotation) await lab.lifecycle.rotateBack()
}

/** Key identifiers of the roots in use. */
export const rootsIn = ({ authorities }: TrustState): string[] =>
  authorities.filter(({ kind, active }) => kind === 'root' && active).map(({ id }) => id)
