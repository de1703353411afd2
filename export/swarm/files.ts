import { stringify } from 'yaml'
import { HopError } from '../../pki/error.ts'
import { digest } from '../found.ts'
import { image } from '../image.ts'
import { checkNames } from '../names.ts'
import type { ExportOptions } from '../options.ts'
import { control } from '../processes.ts'
import type { Tree } from '../tree.ts'
import { wireIn } from './networks.ts'
import { operatorNames, services, stackOf } from './stack.ts'

export const secretsIn = 'secrets'

const { ports, paths } = image

/** The stack of a topology and what it reads, as files. Throws `export-name`. */
export const swarmTree = (options: ExportOptions): Tree => {
  const { topology, topologyText, mode } = options
  checkNames(topology)
  refuseTaken(Object.keys(topology.workloads))
  const edge = topology.workloads[topology.ingress.edge]!
  const lab = `${JSON.stringify(
    {
      operator: `http://${operatorNames.control}:${ports.operator}`,
      wire: `http://${operatorNames.wire}:${ports.wire}`,
      tokenFile: paths.operatorToken,
      control: { host: control, port: ports.control },
      edge: { host: wireIn(edge.zone), port: ports.workload },
      redirect: { host: edge.name, port: ports.redirect },
    },
    undefined,
    2,
  )}\n`
  // a config never changes: one of other content needs another name
  const config = (file: string, text: string) => ({
    file: `./${file}`,
    name: `${options.space}-${digest(text).slice(0, 12)}`,
  })
  const configs = { topology: config('topology.yaml', topologyText), lab: config('lab.json', lab) }
  return {
    '.gitignore': `# made for one cluster, and nobody else's business\n${secretsIn}/\n`,
    'docker-stack.yml': stringify(stackOf({ topology, mode, image: options.image, secretsIn, configs }), {
      lineWidth: 0,
      aliasDuplicateObjects: false,
    }),
    'topology.yaml': topologyText,
    'lab.json': lab,
  }
}

/** Names that the stack itself needs. */
const refuseTaken = (workloads: readonly string[]): void => {
  const taken: string[] = Object.values(services)
  const found = workloads.find(name => taken.includes(name) || name.startsWith(wireIn('')))
  if (found === undefined) return
  throw new HopError('export-name', {
    field: 'workloads of the topology',
    expected: `names other than ${taken.join(', ')} and ${wireIn('…')}: the stack has those`,
    found: JSON.stringify(found),
    remedy: 'Rename it in the topology file',
  })
}
