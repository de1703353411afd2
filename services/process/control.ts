import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { createLog } from '../chassis/telemetry.ts'
import { type Control, createControl } from '../control/control.ts'
import { makeDirectory } from '../control/state/directory.ts'
import { modes } from '../modes.ts'
import { readTopology } from '../topology/file.ts'
import type { Topology } from '../topology/topology.ts'
import { tapPlaces } from '../wire/places.ts'
import { followAskedMode } from './asked-mode.ts'
import { openBootstrapDir } from './bootstrap-secrets.ts'
import { keepHealthFile } from './health.ts'
import { readOrMakeToken } from './operator-token.ts'
import { writeSecret } from './secret-files.ts'
import { required, type Settings } from './settings.ts'

/** Files in the state directory for whoever runs the lab; 0600. */
const files = { token: 'operator-token', bundle: 'bundle.pem' }

/** The control plane as a process. Says on standard output, in one line of JSON, where it is; never the token. */
export const runControl = async (settings: Settings): Promise<() => Promise<void>> => {
  const stateDir = required(settings.state, 'state')
  const topology = readTopology(settings.topology)
  const { host, port } = settings.listen
  const { operatorTokenFile, bootstrapDir, publishedPort } = settings
  const log = createLog('control', process.stderr)
  makeDirectory(stateDir)
  const control = createControl({
    stateDir,
    topology,
    initialMode: settings.mode ?? modes[0]!,
    clock: Date.now,
    log,
    ...(host !== undefined && { host }),
    ...(port !== undefined && { workloadPort: port }),
    ...(settings.operator.host !== undefined && { operatorHost: settings.operator.host }),
    ...(settings.operator.port !== undefined && { operatorPort: settings.operator.port }),
    ...(publishedPort !== undefined && { publishedPort }),
    operatorNames: settings.operatorNames,
    ...(operatorTokenFile !== undefined && { operatorToken: readOrMakeToken(operatorTokenFile) }),
    ...(bootstrapDir !== undefined && { secretOf: openBootstrapDir(bootstrapDir, Object.keys(topology.workloads)) }),
  })
  await control.start()
  const tokenFile = operatorTokenFile ?? join(stateDir, files.token)
  if (operatorTokenFile === undefined) writeSecret(tokenFile, `${control.operatorToken}\n`)
  const bundleFile = keepBundleFile(control, stateDir)
  await giveOutRoutes(control, topology, settings)
  void followAskedMode(control.operations, stateDir, settings.mode, log)
  const unwell = keepHealthFile(settings.healthFile)
  const said = { workload: control.workloadAddress(), operator: control.operatorAddress(), tokenFile, bundleFile }
  process.stdout.write(`${JSON.stringify({ ready: 'control', ...said })}\n`)
  return () => {
    unwell()
    return control.close()
  }
}

const keepBundleFile = (control: Control, stateDir: string): string => {
  const path = join(stateDir, files.bundle)
  let written: string | undefined
  const write = () => {
    const bundle = control.bootstrap.join('')
    if (bundle === written) return
    writeSecret(path, bundle)
    written = bundle
  }
  write()
  // whoever starts after a rotation needs the roots of then
  control.onTrust(write)
  return path
}

/** Callers go through the wire where there is one, and must not look for one that is gone. */
const giveOutRoutes = async ({ operations }: Control, topology: Topology, { wire }: Settings): Promise<void> => {
  const routes = wire ? tapPlaces(topology, wire) : {}
  if (!isDeepStrictEqual(routes, operations.routes())) await operations.setRoutes(routes)
}
