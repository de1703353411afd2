import type { LabAccess } from '../../lab/embedded.ts'
import { connectLab } from '../../scenarios/lab-client.ts'
import { linkIds } from '../../services/hops.ts'
import type { Mode } from '../../services/modes.ts'
import { readTopology } from '../../services/topology/file.ts'
import type { Topology } from '../../services/topology/topology.ts'
import type { Context } from '../command.ts'
import { complaintJson } from '../complain.ts'
import { detach } from '../detach.ts'
import { exit } from '../exit.ts'
import { takeInterrupts } from '../interrupts.ts'
import { describe, type LabProcess, startLabProcess } from '../lab-process.ts'
import { readUpWords, type UpOptions, type UpWords } from '../options.ts'
import { situationLines } from '../render/situation.ts'
import { count, duration } from '../render/words.ts'

/** Starts a lab and keeps it until asked to end; with `--detach` in a process of its own. */
export const up = async (context: Context, words: UpWords): Promise<number> => {
  const options = readUpWords(words)
  if (words.detach) return detach(context, options)
  try {
    return await hold(context, options, async () => {
      if (words.announce) announce()
      return undefined
    })
  } catch (error) {
    if (words.announce) process.send?.(complaintJson(error))
    throw error
  }
}

const announce = () => {
  process.send?.({ ready: true })
  process.disconnect?.()
}

/** What is done with a lab once it is up, before it is left to itself; the exit code, or undefined to keep the lab. */
export type Business = (lab: LabProcess, topology: Topology) => Promise<number | undefined>

/** A lab from its start to its clean end, with some business in between. An interrupted one ends with 130, after `interrupted`. */
export const hold = async (
  context: Context,
  options: UpOptions,
  business: Business,
  interrupted: () => Promise<void> = async () => {},
): Promise<number> => {
  const { stateDir, screen } = context
  const { topologyFile, topologyGiven, verbose, ...rest } = options
  const topology = readTopology(topologyFile)
  const fits = topologyGiven ? topology.situation?.fits : undefined
  const interrupts = takeInterrupts()
  const starting = startLabProcess({
    stateDir,
    topology,
    ...rest,
    ...(fits && { startIn: fits }),
    ...(verbose && { alsoLogTo: process.stderr }),
  })
  const lab = await Promise.race([starting, interrupts.ended.then(() => undefined)])
  if (!lab) {
    await Promise.race([starting.then(late => late.close()).catch(() => {}), interrupts.patience()])
    return exit.interrupted
  }
  try {
    if (options.mode) await goTo(lab.file.access, options.mode)
    greet(context, lab, topology, options)
    const done = await Promise.race([business(lab, topology), interrupts.ended])
    if (typeof done === 'string') {
      await Promise.race([interrupted(), interrupts.patience()])
      return exit.interrupted
    }
    if (typeof done === 'number') return done
    await interrupts.ended
    screen.aside('ending …')
    return exit.ok
  } finally {
    await lab.close()
  }
}

const goTo = async (access: LabAccess, mode: Mode): Promise<void> => {
  const lab = await connectLab(access)
  try {
    await lab.switchMode(mode)
  } finally {
    await lab.close()
  }
}

const greet = ({ stateDir, screen }: Context, lab: LabProcess, topology: Topology, options: UpOptions): void => {
  const { edge, operator, wire, redirect } = lab.file.access
  const { paint } = screen
  screen.event({ event: 'ready', ...describe(stateDir, lab.file), readyMs: lab.readyMs })
  const taps = wire === null ? 'the wire is off' : `a tap on each of ${count(linkIds(topology).length, 'link')}`
  screen.say(
    [
      `${paint.strong(`The ${topology.name} is up`)} after ${duration(lab.readyMs)}: ${count(Object.keys(topology.workloads).length, 'workload')}, ${taps}`,
      `  edge          https://${topology.ingress.serverName} on ${edge.host}:${edge.port} (plain HTTP on ${redirect.port})`,
      `  operator API  ${operator} (its token is in lab.json)`,
      `  state         ${stateDir}`,
      ...(options.mode ? [`  mode          ${options.mode}`] : []),
      ...(options.topologyGiven ? situationLines(topology) : []),
    ].join('\n'),
  )
}
