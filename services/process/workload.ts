import { setTimeout as wait } from 'node:timers/promises'
import { HopError } from '../../pki/error.ts'
import { splitPem } from '../../pki/pem.ts'
import { createLogBatch } from '../chassis/log-batch.ts'
import { otlpEndpoint } from '../chassis/span-export.ts'
import type { Address } from '../chassis/transport.ts'
import { type Member, startMember } from '../member.ts'
import { nearest } from '../nearest.ts'
import { readTopology } from '../topology/file.ts'
import { readGiven } from './secret-files.ts'
import { required, type Settings } from './settings.ts'

/** How long a workload waits for a control plane that is not there yet. */
const patience = { pauseMs: 250, tries: 120 }

/** One workload as a process; says so in one line of JSON once it has joined. Throws `workload-unknown` and `usage`. */
export const runWorkload = async (name: string, settings: Settings): Promise<() => Promise<void>> => {
  const control = required(settings.control, 'control')
  const tokenFile = required(settings.joinTokenFile, 'join-token-file')
  const bundleFile = required(settings.bundle, 'bundle')
  const topology = readTopology(settings.topology)
  if (!Object.hasOwn(topology.workloads, name)) throw unknown(name, Object.keys(topology.workloads))
  const bundle = splitPem(readGiven(bundleFile, 'the trust bundle'))
  const joinToken = readGiven(tokenFile, 'a join token')
  const logTo = createLogBatch(process.stderr)
  process.on('exit', logTo.flush)
  const member = await startMember({
    topology,
    name,
    bundle,
    listen: settings.listen,
    logTo,
    tracesTo: otlpEndpoint(process.env),
  })
  try {
    await join(member, control, joinToken)
  } catch (error) {
    await member.close()
    throw error
  }
  process.stdout.write(`${JSON.stringify({ ready: name, listening: member.address })}\n`)
  return () => member.close()
}

/** A refused token stays refused; only a control plane that cannot be reached is worth another try. */
const join = async (member: Member, control: Address, joinToken: string): Promise<void> => {
  for (let left = patience.tries; ; left--) {
    try {
      return await member.join(control, joinToken)
    } catch (error) {
      if (!(error instanceof HopError) || error.code !== 'control-unreachable' || left === 1) throw error
      await wait(patience.pauseMs)
    }
  }
}

const unknown = (found: string, names: readonly string[]) => {
  const meant = nearest(found, ['control', ...names])
  return new HopError('workload-unknown', {
    field: 'workload',
    expected: ['control', ...names].join(', '),
    found: JSON.stringify(found.slice(0, 100)),
    ...(meant === undefined ? {} : { remedy: `Did you mean ${meant}?` }),
  })
}
