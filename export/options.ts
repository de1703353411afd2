import type { Mode } from '../services/modes.ts'
import type { Topology } from '../services/topology/topology.ts'

/** What a lab is exported with, whereto ever. */
export type ExportOptions = {
  topology: Topology
  /** The file it came from, word for word. */
  topologyText: string
  /** What a new state begins in. */
  mode: Mode
  /** The container image's reference. */
  image: string
  /** What everything of this lab is kept apart by: a namespace, a stack's name. */
  space: string
}
