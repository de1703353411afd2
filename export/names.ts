import { HopError } from '../pki/error.ts'
import type { Topology } from '../services/topology/topology.ts'

/** RFC 1123, which every orchestrator's names follow; stricter than a topology in what a name may end with. */
const label = /^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/

export const isLabel = (word: string): boolean => label.test(word)

/** Throws `export-name` where a name of the topology cannot be one of an orchestrator. */
export const checkNames = ({ name, workloads, zones }: Topology): void => {
  const named = { name: [name], workloads: Object.keys(workloads), zones: Object.keys(zones) }
  for (const [field, words] of Object.entries(named))
    for (const found of words)
      if (!isLabel(found))
        throw new HopError('export-name', {
          field: `${field} of the topology`,
          expected: 'a name that ends with a letter or a digit (RFC 1123)',
          found: JSON.stringify(found),
          remedy: 'Rename it in the topology file',
        })
}
