import type { Observations } from '../../services/chassis/observation.ts'

/** The workload that says it holds the key with this SPKI hash; undefined when none does. */
export const holderOf = (reports: Record<string, Pick<Observations, 'held'>>, key: string): string | undefined =>
  Object.entries(reports).find(([, { held }]) => held.some(certificate => certificate.key === key))?.[0]
