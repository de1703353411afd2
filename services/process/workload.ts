import { HopError } from '../../pki/error.ts'
import { createLogBatch } from '../chassis/log-batch.ts'
import { otlpEndpoint } from '../chassis/span-export.ts'
import { createLog } from '../chassis/telemetry.ts'
import { startRedirect } from '../edge/redirect.ts'
import { type Member, startMember } from '../member.ts'
import { nearest } from '../nearest.ts'
import { readTopology } from '../topology/file.ts'
import type { Topology } from '../topology/topology.ts'
import { runApplication } from './application.ts'
import { keepHealthFile } from './health.ts'
import { readRelay } from './relay-setting.ts'
import { createReturn } from './return.ts'
import { required, type Settings } from './settings.ts'
import { wayIn } from './way-in.ts'

/** So long a process that was asked to end goes on answering those who are connected. */
const leaveMs = 4_000

/** One workload as a process (or its application alone, where that is asked for); says so in one line of JSON once it has joined. Throws `workload-unknown` and `usage`. */
export const runWorkload = async (name: string, settings: Settings): Promise<() => Promise<void>> => {
  if (settings.applicationListen) return runApplication(name, settings, settings.applicationListen)
  const topology = readTopology(settings.topology)
  if (!Object.hasOwn(topology.workloads, name)) throw unknown(name, Object.keys(topology.workloads))
  const control = required(settings.control, 'control')
  const logTo = createLogBatch(process.stderr)
  process.on('exit', logTo.flush)
  const log = createLog(name, logTo)
  const isRelay = settings.relay === undefined ? undefined : readRelay(settings.relay, '--relay (HOP_RELAY)')
  const way = wayIn(name, control, settings, log)
  const closing: (() => unknown)[] = []
  const close = async () => {
    for (const end of closing.splice(0).reverse()) await end()
  }
  try {
    let member: Member | undefined
    const back = createReturn({
      log,
      enrol: () => way.again(async (token, roots) => member?.join(control, token, roots)),
    })
    closing.push(
      () => member?.close(),
      back.close,
      () => member?.leave(leaveMs),
    )
    await way.first(async (token, bundle) => {
      member ??= await startMember({
        ...{ topology, name, bundle, listen: settings.listen, reachedAs: settings.advertise, isRelay, logTo },
        tracesTo: otlpEndpoint(process.env),
        ...(settings.application ? { applicationAt: settings.application } : {}),
        ...(way.isLasting ? { enrolAnew: back.begin } : {}),
      })
      await member.join(control, token, bundle)
    })
    closing.push(await redirecting(topology, name, settings))
    closing.push(keepHealthFile(settings.healthFile))
    process.stdout.write(`${JSON.stringify({ ready: name, listening: member?.address })}\n`)
    return close
  } catch (error) {
    await close()
    throw error
  }
}

/** The plaintext door beside the public one. */
const redirecting = async ({ ingress }: Topology, name: string, settings: Settings): Promise<() => unknown> => {
  const { redirectListen, publishedPort = 443 } = settings
  if (name !== ingress.edge || !redirectListen) return () => {}
  const redirect = await startRedirect({
    ...redirectListen,
    serverName: ingress.serverName,
    httpsPort: () => publishedPort,
  })
  return redirect.close
}

const unknown = (found: string, names: readonly string[]) => {
  const meant = nearest(found, ['control', 'wire', ...names])
  return new HopError('workload-unknown', {
    field: 'workload',
    expected: ['control', 'wire', ...names].join(', '),
    found: JSON.stringify(found.slice(0, 100)),
    ...(meant === undefined ? {} : { remedy: `Did you mean ${meant}?` }),
  })
}
