import type { TrustState } from '../certificates/trust-state.ts'

/** What a CA is for (`root`, `workloads`, `public`). Of several trusted of a kind, and of any other, its key identifier (hex). */
export const authorityName = (trust: TrustState | undefined, id: string): string => {
  const trusted = trust?.authorities.filter(authority => authority.trusted) ?? []
  const known = trusted.find(authority => authority.id === id)
  const alone = trusted.filter(({ kind }) => kind === known?.kind).length === 1
  return known && alone ? known.kind : id
}
