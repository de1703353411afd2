import { join } from 'node:path'
import { createLog } from '../chassis/telemetry.ts'
import { createControl } from '../control/control.ts'
import { makeDirectory } from '../control/state/directory.ts'
import { readTopology } from '../topology/file.ts'
import { writeSecret } from './secret-files.ts'
import { required, type Settings } from './settings.ts'

/** Files in the state directory for whoever runs the lab; 0600. */
const files = { token: 'operator-token', bundle: 'bundle.pem' }

/** The control plane as a process. Says on standard output, in one line of JSON, where it is; never the token. */
export const runControl = async (settings: Settings): Promise<() => Promise<void>> => {
  const stateDir = required(settings.state, 'state')
  const { host, port } = settings.listen
  makeDirectory(stateDir)
  const control = createControl({
    stateDir,
    topology: readTopology(settings.topology),
    initialMode: settings.mode,
    clock: Date.now,
    log: createLog('control', process.stderr),
    ...(host !== undefined && { host }),
    ...(port !== undefined && { workloadPort: port }),
    ...(settings.operatorPort !== undefined && { operatorPort: settings.operatorPort }),
    ...(settings.publishedPort !== undefined && { publishedPort: settings.publishedPort }),
  })
  await control.start()
  const tokenFile = join(stateDir, files.token)
  const bundleFile = join(stateDir, files.bundle)
  writeSecret(tokenFile, `${control.operatorToken}\n`)
  let written: string | undefined
  const writeBundle = () => {
    const bundle = control.bootstrap.join('')
    if (bundle === written) return
    writeSecret(bundleFile, bundle)
    written = bundle
  }
  writeBundle()
  // whoever starts after a rotation needs the roots of then
  control.onTrust(writeBundle)
  const said = { workload: control.workloadAddress(), operator: control.operatorAddress(), tokenFile, bundleFile }
  process.stdout.write(`${JSON.stringify({ ready: 'control', ...said })}\n`)
  return () => control.close()
}
