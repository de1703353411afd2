import { HopError } from '../../pki/error.ts'
import { createLog, createTelemetry } from '../chassis/telemetry.ts'
import type { Address } from '../chassis/transport.ts'
import { load } from '../member.ts'
import { startRun } from '../program-code.ts'
import { startApplicationApart } from '../sidecar/apart.ts'
import { callsOf } from '../topology/calls.ts'
import { readTopology } from '../topology/file.ts'
import { keepHealthFile } from './health.ts'
import type { Settings } from './settings.ts'

/** The application of a workload behind a sidecar, without that: in plaintext, on loopback. Throws `usage`, `workload-unknown`. */
export const runApplication = async (
  name: string,
  { topology: file, healthFile }: Settings,
  at: Address,
): Promise<() => Promise<void>> => {
  const topology = readTopology(file)
  const spec = Object.hasOwn(topology.workloads, name) ? topology.workloads[name] : undefined
  if (!spec?.sidecar || !at.host.startsWith('127.'))
    throw new HopError('usage', {
      field: '--application-listen (HOP_APPLICATION_LISTEN)',
      expected: 'a loopback address, of a workload behind a sidecar',
      found: `${at.host}:${at.port} of ${name}`,
    })
  const telemetry = createTelemetry(name, createLog(name, process.stderr))
  const application = await startApplicationApart({
    ...{ name, calls: callsOf(topology, name), clock: Date.now, telemetry, at },
    ...{ program: await load(spec.program), run: startRun(spec.program, Date.now) },
  })
  const unwell = keepHealthFile(healthFile)
  process.stdout.write(`${JSON.stringify({ ready: name, listening: application.address })}\n`)
  return () => {
    unwell()
    return application.close()
  }
}
