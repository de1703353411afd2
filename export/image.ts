import { version } from '../lab/version.ts'

/**
 * What the image expects of whoever runs it, in one place, the same for every orchestrator. The other half is the
 * Dockerfile and `services/process/settings.ts`.
 */
export const image = {
  reference: `hop-by-hop:${version}`,
  /** The user it runs as, and its group. */
  user: 1000,
  paths: {
    topology: '/etc/hop/topology.yaml',
    /** A workload's own secret; and every workload's, by name, for the control plane. */
    ownSecret: '/run/hop/own/bootstrap-secret',
    bootstrap: '/run/hop/bootstrap',
    operatorToken: '/run/hop/operator/operator-token',
    /** The only directory that outlives a process: the control plane's. The state is its owner's alone, hence one below. */
    data: '/var/lib/hop',
    state: '/var/lib/hop/state',
    /** Every process writes here and nowhere else. */
    temporary: '/tmp',
  },
  ports: { control: 7000, operator: 7080, wire: 7100, workload: 8443, redirect: 8080, application: 9000 },
  /** Exits with 0 while the process has joined (a workload) or listens (the control plane), whatever the mode. */
  health: ['/app/containers/healthy'],
  /** Seconds from SIGTERM until a process may be killed; it ends within eight. */
  stopWithin: 10,
} as const

/** What the files are called that secrets come in; a workload's, and the operator's. */
export const secretFiles = { bootstrap: 'bootstrap-secret', operator: 'operator-token' } as const

/** Where secrets are kept below a directory of them. */
export const secretPaths = {
  bootstrap: (workload: string): string => `${workload}/${secretFiles.bootstrap}`,
  operator: `operator/${secretFiles.operator}`,
} as const
