/** What is counted beside the guarantees, in the order in which it is told. */
export const costTitles = {
  'certificates-held': 'certificates that workloads hold',
  'public-certificates-held': 'certificates for the public name',
  'certificates-in-use': 'certificates shown to somebody',
  'certificate-owners': 'workloads that have to keep them',
  'certificate-issuances': 'certificates issued per hour for it',
  'certificates-at-100': 'certificates shown, with 100 services',
  decryptions: 'decryptions of one request',
  'handshakes-new': 'TLS handshakes, connections new',
  'handshakes-kept': 'TLS handshakes, connections kept',
  'l7-places': 'places that need rules on requests',
} as const

/** A count that every topology has, or `clear:card`: the places that have this secret in the clear. */
export type CostId = keyof typeof costTitles | `clear:${string}`

/** One count of one mode. `what`: what was counted, by name, where it has names. */
export type Cost = { id: CostId; title: string; count: number; what: string[] }

/** All counts of one mode; every mode of a topology has the same ids, in the same order. */
export type Costs = readonly Cost[]

/** The count with this id; undefined where the costs do not have it. */
export const countOf = (costs: Costs, id: CostId): number | undefined => costs.find(cost => cost.id === id)?.count
