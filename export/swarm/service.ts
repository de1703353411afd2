import { image, secretFiles } from '../image.ts'
import { type Process, share } from '../processes.ts'

const { paths, health } = image

/** What a workload's secret is called in the stack. */
export const secretOf = (name: string): string => `${name}.bootstrap`

/** A secret as a file of the process's user; `name`: a workload, or the operator's. */
export const secret = (name: string, target: string) => ({
  source: name === secretFiles.operator ? name : secretOf(name),
  ...{ target, uid: String(image.user), gid: String(image.user), mode: 0o400 },
})

/** A config as a file that everybody in the container can read. */
export const config = (source: string, target: string) => ({ source, target, mode: 0o444 })

type More = { deploy?: object } & Record<string, unknown>

/** A process of the image as a service of one task. */
export const service = (
  reference: string,
  { args, env }: Process,
  { deploy: placed = {}, volumes = [], ...more }: More,
): object => ({
  ...common(reference, volumes as object[]),
  command: args,
  environment: env,
  healthcheck: { test: ['CMD', ...health], interval: '2s', timeout: '5s', retries: 3, start_period: '60s' },
  configs: [config('topology', paths.topology)],
  ...more,
  deploy: deploy(placed, share.most),
})

/** What every container of a stack has. */
export const common = (reference: string, volumes: object[] = []): object => ({
  image: reference,
  user: `${image.user}:${image.user}`,
  init: true,
  read_only: true,
  cap_drop: ['ALL'],
  stop_grace_period: `${image.stopWithin}s`,
  volumes: [...volumes, { type: 'tmpfs', target: paths.temporary, tmpfs: { size: 16 << 20 } }],
})

/** One task, and how it is replaced: by its successor first, unless something is only there once. */
export const deploy = (
  { update_config, ...more }: { update_config?: object; placement?: object },
  most: typeof share.most | { cpu: number; memory: number },
  pids = 128,
) => ({
  replicas: 1,
  endpoint_mode: 'dnsrr',
  restart_policy: { condition: 'any', delay: '1s' },
  update_config: { parallelism: 1, order: 'start-first', failure_action: 'rollback', monitor: '10s', ...update_config },
  rollback_config: { parallelism: 1, order: 'stop-first' },
  resources: {
    limits: { cpus: String(most.cpu / 1000), memory: `${most.memory}M`, pids },
    reservations: { memory: `${share.needs.memory}M` },
  },
  ...more,
})
