import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { readTopology } from '../../services/topology/file.ts'
import type { Topology } from '../../services/topology/topology.ts'

const directory = fileURLToPath(new URL('../../topologies/', import.meta.url))

/** Every topology that comes with the lab, by file name without its ending. */
export const bundled = readdirSync(directory)
  .filter(file => file.endsWith('.yaml'))
  .map(file => file.slice(0, -'.yaml'.length))
  .sort()

/** One of them, and its text. */
export const topologyOf = (name: string): { topology: Topology; text: string; path: string } => {
  const path = `${directory}${name}.yaml`
  return { topology: readTopology(path), text: readFileSync(path, 'utf8'), path }
}
