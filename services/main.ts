import { HopError } from '../pki/error.ts'
import { runControl } from './process/control.ts'
import { readSettings } from './process/settings.ts'
import { runWire } from './process/wire.ts'
import { runWorkload } from './process/workload.ts'

/*
 * One process per workload: node services/main.ts <workload|control|wire>. Settings by flags or environment, see
 * process/settings.ts. Log on standard error; SIGTERM and SIGINT end it gracefully. Exit: 0 ended, 1 failed, 2 usage.
 */

const roles = { control: runControl, wire: runWire }

const patienceMs = 8_000

const endOn = (close: () => Promise<void>): void => {
  let ending = false
  const end = () => {
    if (ending) process.exit(1)
    ending = true
    setTimeout(() => process.exit(1), patienceMs).unref()
    close().then(
      () => process.exit(0),
      () => process.exit(1),
    )
  }
  process.on('SIGTERM', end)
  process.on('SIGINT', end)
}

try {
  const { role, settings } = readSettings(process.argv.slice(2), process.env)
  const run = Object.hasOwn(roles, role) ? roles[role as keyof typeof roles] : undefined
  endOn(await (run ? run(settings) : runWorkload(role, settings)))
} catch (error) {
  const known = error instanceof HopError
  const text = known || !(error instanceof Error) ? String((error as Error).message) : error.stack
  process.stderr.write(`hop: ${text}\n`)
  process.exit(known && ['usage', 'workload-unknown', 'bad-topology'].includes(error.code) ? 2 : 1)
}
