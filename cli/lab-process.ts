import { appendFileSync } from 'node:fs'
import { type EmbeddedLab, startEmbedded } from '../lab/embedded.ts'
import { type findLab, type LabFile, removeLabFile, runningLab, writeLabFile } from '../lab/state-file.ts'
import { HopError } from '../pki/error.ts'
import { createLogBatch } from '../services/chassis/log-batch.ts'
import { makeDirectory } from '../services/control/state/directory.ts'
import { type Mode, modes } from '../services/modes.ts'
import type { Topology } from '../services/topology/topology.ts'
import { openLogFile } from './log-file.ts'
import { startFailure } from './start-failure.ts'

export type LabOptions = {
  stateDir: string
  topology: Topology
  /** Absent: the mode the state remembers, or where a new lab starts. */
  mode?: Mode
  /** Where a new lab starts. Default: the first of the table. */
  startIn?: Mode
  wire: boolean
  operatorPort?: number
  edgePort?: number
  /** How long certificates live, ms. Absent: the usual. */
  lifetimeMs?: number
  /** The lab's log goes here too. */
  alsoLogTo?: NodeJS.WritableStream
}

export type LabProcess = {
  file: LabFile
  /** ms from nothing to every workload enrolled and listening. */
  readyMs: number
  /** Ends the lab within {@link patienceMs} and removes its file. */
  close(): Promise<void>
}

/** How long the parts of a lab may take to end; what is on disk is safe at any moment. */
const patienceMs = 1800

/**
 * The lab, in this process. Throws `lab-already-running`, `port-taken`, `port-forbidden`, the `state-…` errors, and what
 * a workload that cannot start throws; nothing is left running then.
 */
export const startLabProcess = async (options: LabOptions): Promise<LabProcess> => {
  const { stateDir, topology, operatorPort, edgePort, lifetimeMs } = options
  refuseSecond(stateDir)
  const began = performance.now()
  const startedAt = new Date().toISOString()
  makeDirectory(stateDir)
  const log = openLogFile(stateDir, options.alsoLogTo)
  const lines = createLogBatch(log)
  const note = (error: unknown) => noteCrash(log.path, error)
  process.on('uncaughtExceptionMonitor', note)
  let lab: EmbeddedLab
  try {
    lab = await startEmbedded({
      stateDir,
      topology,
      mode: options.mode ?? options.startIn ?? modes[0]!,
      wire: options.wire,
      logTo: lines,
      ...(lifetimeMs && { lifetimes: { workloadMs: lifetimeMs, publicMs: lifetimeMs } }),
      ports: { ...(operatorPort && { operator: operatorPort }), ...(edgePort && { edge: edgePort }) },
    })
  } catch (error) {
    process.off('uncaughtExceptionMonitor', note)
    lines.flush()
    await log.close()
    throw startFailure(error, options)
  }
  const file = writeLabFile(stateDir, lab.access, startedAt)
  return {
    file,
    readyMs: Math.round(performance.now() - began),
    async close() {
      removeLabFile(stateDir, file.pid)
      const late = Promise.withResolvers<void>()
      const timer = setTimeout(late.resolve, patienceMs)
      const parts = lab.close().catch(note)
      await Promise.race([parts.then(lines.flush).then(log.close), late.promise])
      clearTimeout(timer)
      process.off('uncaughtExceptionMonitor', note)
    },
  }
}

/** Only for a clear message: what keeps a second one out is the lock on the control plane's database. */
const refuseSecond = (stateDir: string): void => {
  let running: LabFile | undefined
  try {
    running = runningLab(stateDir)
  } catch (error) {
    // A file that is no description of a lab is replaced; one that others can write is not looked into.
    if (error instanceof HopError && error.code === 'lab-file-unreadable') return
    throw error
  }
  if (!running) return
  throw new HopError('lab-already-running', {
    field: `state directory ${stateDir}`,
    expected: 'no lab running there',
    found: `one since ${running.startedAt}, process ${running.pid}`,
    remedy: 'End it with: hop down; or start a second one beside it with --state',
  })
}

/** Written to the log at once: a detached lab has no terminal to say it on, and may be gone the next moment. */
const noteCrash = (path: string, error: unknown): void => {
  const text = error instanceof Error ? error.stack : String(error)
  appendFileSync(path, `${JSON.stringify({ level: 60, time: Date.now(), msg: 'the lab broke off', error: text })}\n`)
}

/** How to reach a lab, without the token: that stays in its file. */
export const describe = (stateDir: string, { version, pid, startedAt, access }: ReturnType<typeof findLab>) => {
  const { token: _, ...rest } = access
  return { stateDir, version, pid, startedAt, access: rest }
}
