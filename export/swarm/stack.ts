import { dirname } from 'node:path/posix'
import type { Mode } from '../../services/modes.ts'
import type { Topology } from '../../services/topology/topology.ts'
import { image, secretFiles, secretPaths } from '../image.ts'
import { type Part, partsOf } from '../parts.ts'
import { control, controlProcess, type Process, share, wireProcess, workloadProcesses } from '../processes.ts'
import { networks, operatorNetwork, wireIn, zonesOf } from './networks.ts'
import { common, config, deploy, secret, secretOf, service } from './service.ts'

const { ports, paths } = image

/** What services are called that are no workloads. */
export const services = { wire: 'wire', scenarios: 'scenarios' } as const

/** Where the operator's APIs are, by names that no workload can have. */
export const operatorNames = { control: 'control.operator', wire: 'wire.operator' } as const

export type StackOptions = {
  topology: Topology
  mode: Mode
  image: string
  secretsIn: string
  configs: Record<string, object>
}

/**
 * The stack, as `docker stack deploy` reads it. Every service is one task: one workload is one process. A name leads to the
 * task itself (dnsrr), so that whoever asks by whom he is called finds an address that he sees.
 */
export const stackOf = (options: StackOptions): object => {
  const { topology, secretsIn } = options
  const parts = partsOf(topology)
  const everyZone = Object.keys(topology.zones)
  const wireNames = Object.fromEntries(everyZone.map(zone => [zone, { aliases: [wireIn(zone)] }]))
  const plain = Object.fromEntries(everyZone.map(zone => [zone, {}]))
  const operated = (alias: string) => ({ [operatorNetwork]: { aliases: [alias] } })
  const operatorSecret = secret(secretFiles.operator, paths.operatorToken)
  return {
    version: '3.9',
    services: {
      [control]: service(options.image, controlOf(options.mode), {
        networks: { ...operated(operatorNames.control), ...plain },
        secrets: [
          operatorSecret,
          ...parts.map(({ name }) => secret(name, `${paths.bootstrap}/${secretPaths.bootstrap(name)}`)),
        ],
        volumes: [{ type: 'volume', source: 'state', target: paths.data }],
        // there must never be two, and what it knows is on one machine's disk
        deploy: { placement: onManager, update_config: { order: 'stop-first' } },
      }),
      [services.wire]: service(options.image, wireProcess(wireIn('{zone}'), operatorNames.wire), {
        networks: { ...operated(operatorNames.wire), ...wireNames },
        secrets: [operatorSecret],
        deploy: { update_config: { order: 'stop-first' } },
      }),
      ...Object.fromEntries(parts.map(part => [part.name, workload(options, part)])),
      [services.scenarios]: scenarios(options, { ...{ [operatorNetwork]: {} }, ...plain }, operatorSecret),
    },
    networks: networks(topology),
    volumes: { state: {} },
    configs: options.configs,
    secrets: {
      [secretFiles.operator]: { file: `./${secretsIn}/${secretPaths.operator}` },
      ...Object.fromEntries(
        parts.map(({ name }) => [secretOf(name), { file: `./${secretsIn}/${secretPaths.bootstrap(name)}` }]),
      ),
    },
  }
}

/** A word of whoever deploys, the same as compose's. */
const edgePort = `\${EDGE_PORT:-${ports.workload}}`

const onManager = { constraints: ['node.role == manager'] }

const controlOf = (mode: Mode): Process =>
  controlProcess('0.0.0.0', {
    HOP_MODE: mode,
    HOP_OPERATOR_NAMES: `${operatorNames.control}:${ports.operator}`,
    HOP_WIRE: `${wireIn('{zone}')}:${ports.workload}`,
  })

/** Swarm gives tasks no common network namespace: sidecar and application are one process, as in the embedded lab. */
const workload = (options: StackOptions, part: Part): object => {
  const zones = zonesOf(options.topology, part)
  const relays = { HOP_RELAY: zones.map(wireIn).join(',') }
  const more = { ...relays, ...(part.public && { HOP_PUBLISHED_PORT: edgePort }) }
  const [process] = workloadProcesses({ ...part, sidecar: false }, more)
  return service(options.image, process, {
    networks: Object.fromEntries(zones.map(zone => [zone, {}])),
    secrets: [secret(part.name, paths.ownSecret)],
    ...(part.public && {
      // swarm publishes on every address of a machine, 127.0.0.1 alone cannot be said: the public door, nothing else
      ports: [
        { target: ports.workload, published: edgePort, mode: 'host' },
        { target: ports.redirect, published: `\${REDIRECT_PORT:-${ports.redirect}}`, mode: 'host' },
      ],
      // and a port of a machine is one task's: the next can only come when this one has gone
      deploy: { update_config: { order: 'stop-first' } },
    }),
  })
}

/** Waits until somebody uses it: `docker exec` is the operator's way in, since nothing of his is published. */
const scenarios = (options: StackOptions, networks: object, operator: object): object => ({
  ...common(options.image),
  entrypoint: ['sleep', 'infinity'],
  environment: { HOP_LAB: labFileAt, HOP_STATE: `${paths.temporary}/hop`, HOP_TOPOLOGY: paths.topology },
  healthcheck: { disable: true },
  networks,
  secrets: [operator],
  configs: [config('topology', paths.topology), config('lab', labFileAt)],
  deploy: deploy({ placement: onManager }, { ...share.most, memory: 1024 }, 512),
})

const labFileAt = `${dirname(paths.topology)}/lab.json`
