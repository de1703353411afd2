import { image } from './image.ts'
import type { Part } from './parts.ts'

/** One process of the image: what it is told, where it listens, what it may take. */
export type Process = {
  name: string
  args: string[]
  env: Record<string, string>
  ports: { name: string; port: number }[]
}

const { paths, ports } = image
const everywhere = '0.0.0.0'

/** Processor time in thousandths, memory in MiB; what one of the lab's processes needs, and the most that it gets. */
export const share = { needs: { cpu: 50, memory: 128 }, most: { cpu: 1000, memory: 256 } } as const

/** Where workloads reach the control plane: by its name, which no workload can have. */
export const control = 'control'

/** The control plane, but for the mode of a new state (HOP_MODE). `operatorHost`: where the operator API listens. */
export const controlProcess = (operatorHost: string, more: Record<string, string> = {}): Process => ({
  name: control,
  args: [control],
  env: {
    HOP_TOPOLOGY: paths.topology,
    HOP_STATE: paths.state,
    HOP_LISTEN: `${everywhere}:${ports.control}`,
    HOP_OPERATOR_LISTEN: `${operatorHost}:${ports.operator}`,
    HOP_PUBLISHED_PORT: String(ports.operator),
    HOP_OPERATOR_TOKEN_FILE: paths.operatorToken,
    HOP_BOOTSTRAP_DIR: paths.bootstrap,
    ...more,
  },
  ports: [{ name: 'workloads', port: ports.control }],
})

/** The taps. `host`: where callers find those towards a zone, `{zone}` standing for it; `operatorName`: what its API is called. */
export const wireProcess = (host: string, operatorName: string): Process => ({
  name: 'wire',
  args: ['wire'],
  env: {
    HOP_TOPOLOGY: paths.topology,
    HOP_LISTEN: `${everywhere}:${ports.wire}`,
    HOP_OPERATOR_NAMES: `${operatorName}:${ports.wire}`,
    HOP_OPERATOR_TOKEN_FILE: paths.operatorToken,
    HOP_WIRE: `${host}:${ports.workload}`,
    HOP_TARGETS: `{workload}:${ports.workload}`,
  },
  ports: [],
})

/** A workload, reached by its name; where it has a sidecar, this is the sidecar, which has the identity. */
const memberProcess = ({ name, public: isPublic, sidecar }: Part, more: Record<string, string>): Process => ({
  name: sidecar ? 'sidecar' : name,
  args: [name],
  env: {
    HOP_TOPOLOGY: paths.topology,
    HOP_CONTROL: `${control}:${ports.control}`,
    HOP_LISTEN: `${everywhere}:${ports.workload}`,
    HOP_ADVERTISE: `${name}:${ports.workload}`,
    HOP_BOOTSTRAP_SECRET_FILE: paths.ownSecret,
    ...(isPublic && {
      HOP_REDIRECT_LISTEN: `${everywhere}:${ports.redirect}`,
      HOP_PUBLISHED_PORT: String(ports.workload),
    }),
    ...(sidecar && { HOP_APPLICATION: besideIt }),
    ...more,
  },
  ports: [{ name: 'hop', port: ports.workload }, ...(isPublic ? [{ name: 'redirect', port: ports.redirect }] : [])],
})

/** On the loopback that a sidecar and its application share with nobody. */
const besideIt = `127.0.0.1:${ports.application}`

/** The application behind a sidecar: plaintext, on loopback, without a secret. */
const applicationProcess = ({ name }: Part): Process => ({
  name: 'application',
  args: [name],
  env: { HOP_TOPOLOGY: paths.topology, HOP_APPLICATION_LISTEN: besideIt },
  ports: [],
})

/** What a workload consists of: the process that has its identity first, and alone where it has no sidecar. */
export const workloadProcesses = (part: Part, more: Record<string, string> = {}): [Process, ...Process[]] => [
  memberProcess(part, more),
  ...(part.sidecar ? [applicationProcess(part)] : []),
]
