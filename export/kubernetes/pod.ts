import { dirname } from 'node:path/posix'
import { image } from '../image.ts'
import { type Process, share } from '../processes.ts'
import { containerSecurity, podSecurity } from './hardening.ts'

/** A volume and where it is mounted. */
export type Mount = { name: string; at: string; writable?: boolean; source: object }

const { paths, health } = image

/** The longest that a workload waits for the control plane's first answer, in probes of one second. */
const startTries = 120

/** Commands, since only they ask the same in every mode: a request would need a certificate in some. */
const probes = {
  startupProbe: { exec: { command: health }, periodSeconds: 1, timeoutSeconds: 2, failureThreshold: startTries },
  readinessProbe: { exec: { command: health }, periodSeconds: 5, timeoutSeconds: 2, failureThreshold: 1 },
  livenessProbe: { exec: { command: health }, periodSeconds: 10, timeoutSeconds: 2, failureThreshold: 3 },
}

const quantities = ({ cpu, memory }: { cpu: number; memory: number }) => ({ cpu: `${cpu}m`, memory: `${memory}Mi` })

/** What a process may write to: in memory, counted there, and nobody else's, for it says there how it is. */
const temporary = ({ name }: Process): Mount => ({
  name: `tmp-${name}`,
  at: paths.temporary,
  writable: true,
  source: { emptyDir: { medium: 'Memory', sizeLimit: '16Mi' } },
})

/** The topology as the ConfigMap has it. */
const topology: Mount = {
  name: 'topology',
  at: dirname(paths.topology),
  source: { configMap: { name: 'topology', defaultMode: 0o444 } },
}

/** A process and what only it is to see. */
export type Contained = { process: Process; mounts: Mount[]; more?: object }

/** The specification of a pod that runs these processes beside each other. */
export const podSpec = (
  contained: readonly Contained[],
  { account, reference }: { account: string; reference: string },
) => {
  const mounted = contained.map(({ process, mounts }) => [topology, ...mounts, temporary(process)])
  const volumes = new Map(mounted.flat().map(({ name, source }) => [name, source]))
  return {
    serviceAccountName: account,
    automountServiceAccountToken: false,
    // variables made of Services' names have no business here
    enableServiceLinks: false,
    terminationGracePeriodSeconds: image.stopWithin,
    securityContext: podSecurity,
    containers: contained.map(({ process, more = {} }, i) => containerOf(process, reference, mounted[i]!, more)),
    volumes: [...volumes]
      .filter(([, source]) => Object.keys(source).length > 0)
      .map(([name, source]) => ({ name, ...source })),
  }
}

const containerOf = (process: Process, reference: string, mounts: readonly Mount[], more: object) => ({
  name: process.name,
  image: reference,
  imagePullPolicy: 'IfNotPresent',
  args: process.args,
  env: Object.entries(process.env).map(([name, value]) => ({ name, value })),
  ...more,
  ...(process.ports.length > 0 && {
    ports: process.ports.map(({ name, port }) => ({ name, containerPort: port, protocol: 'TCP' })),
  }),
  ...probes,
  resources: { requests: quantities(share.needs), limits: quantities(share.most) },
  securityContext: containerSecurity,
  volumeMounts: mounts.map(({ name, at, writable }) => ({ name, mountPath: at, ...(!writable && { readOnly: true }) })),
})
