import type { Identity } from '../../scenarios/observed.ts'
import { workloadOf } from './words.ts'

/** One end as the other saw it; nobody proven is nobody, and why. */
export const identityWord = (identity: Identity | undefined): string => {
  if (!identity || identity.kind === 'unseen') return '?'
  if (identity.kind === 'anonymous') return `nobody (${identity.because})`
  if (identity.kind === 'authenticated') return workloadOf(identity.id)
  const name = identity.name.replace(/^DNS:/, '')
  return identity.heldBy ? `${name} (${identity.heldBy})` : name
}
