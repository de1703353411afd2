import { lstatSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import * as v from 'valibot'
import { HopError } from '../pki/error.ts'
import { refuseShared } from '../services/control/state/state-dir.ts'
import { writeSecret } from '../services/process/secret-files.ts'
import type { LabAccess } from './embedded.ts'
import { type GivenLab, readGivenLab } from './given-lab.ts'
import { bornAt, isAlive } from './process-life.ts'
import { version } from './version.ts'

/** `lab.json` in a state directory: which lab runs there and how to reach it. Holds the operator's token, so it is 0600. */
export type LabFile = {
  version: string
  pid: number
  /** See {@link bornAt}. */
  born: string | null
  /** ISO 8601. */
  startedAt: string
  access: LabAccess
}

const url = v.pipe(v.string(), v.regex(/^http:\/\/(127\.0\.0\.1|localhost|\[::1\]):\d{1,5}$/, 'a loopback URL'))
const address = v.object({ host: v.string(), port: v.pipe(v.number(), v.integer()) })
const shape = v.object({
  version: v.string(),
  pid: v.pipe(v.number(), v.integer(), v.minValue(2)),
  born: v.nullable(v.string()),
  startedAt: v.string(),
  access: v.object({
    operator: url,
    wire: v.nullable(url),
    token: v.pipe(v.string(), v.regex(/^[\w-]+$/)),
    control: address,
    edge: address,
    redirect: address,
  }),
})

const fileIn = (stateDir: string): string => join(stateDir, 'lab.json')

/** Says that this process is the lab of `stateDir`. The file appears whole or not at all. */
export const writeLabFile = (stateDir: string, access: LabAccess, startedAt: string): LabFile => {
  const { pid } = process
  const file: LabFile = { version, pid, born: bornAt(pid), startedAt, access }
  writeSecret(fileIn(stateDir), `${JSON.stringify(file, null, 2)}\n`)
  return file
}

/** Removes the file if it speaks of `pid`: another lab's stays. */
export const removeLabFile = (stateDir: string, pid: number): void => {
  try {
    if (readLabFile(stateDir)?.pid === pid) rmSync(fileIn(stateDir), { force: true })
  } catch {
    // what cannot be read is not ours to remove
  }
}

/**
 * The lab file of a state directory, dead or alive; undefined where there is none.
 * Throws `lab-file-unreadable`, `lab-file-not-ours` (someone else could have written it), and as {@link refuseShared}: the
 * operator's token is in it.
 */
export const readLabFile = (stateDir: string): LabFile | undefined => {
  const path = fileIn(stateDir)
  try {
    const stats = lstatSync(path)
    if (!stats.isFile() || (process.getuid && stats.uid !== process.getuid()) || stats.mode & 0o022)
      throw new HopError('lab-file-not-ours', {
        field: path,
        expected: 'a file that only you can write',
        found: `mode ${(stats.mode & 0o777).toString(8)}, owner ${stats.uid}`,
        remedy: 'Look where it comes from, then remove it',
      })
    refuseShared(path, stats)
    return v.parse(shape, JSON.parse(readFileSync(path, 'utf8')))
  } catch (cause) {
    if (cause instanceof HopError) throw cause
    const { code, message } = cause as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw new HopError('lab-file-unreadable', {
      field: path,
      expected: 'the description of a running lab',
      found: code ?? message.slice(0, 100),
      remedy: 'Remove it; hop up writes a new one',
      cause,
    })
  }
}

/** The lab that runs now in `stateDir`, whatever its version. */
export const runningLab = (stateDir: string): LabFile | undefined => {
  const file = readLabFile(stateDir)
  return file && isAlive(file) ? file : undefined
}

/** Is there a lab to look at: one that was described (see {@link readGivenLab}), or one that runs in `stateDir`? */
export const isLabThere = (stateDir: string, given = process.env.HOP_LAB): boolean =>
  Boolean(given) || runningLab(stateDir) !== undefined

/**
 * The lab that was described, else the one that runs now in `stateDir`. Throws `no-lab`, `lab-other-version`, and as
 * {@link readGivenLab} and {@link readLabFile}.
 */
export const findLab = (stateDir: string, given = process.env.HOP_LAB): LabFile | GivenLab => {
  if (given) return readGivenLab(given)
  const file = runningLab(stateDir)
  if (!file)
    throw new HopError('no-lab', {
      field: `state directory ${stateDir}`,
      expected: 'a running lab',
      found: 'none',
      remedy: 'Start one with: hop up (or name another directory with --state)',
    })
  if (file.version !== version)
    throw new HopError('lab-other-version', {
      field: join(stateDir, 'lab.json'),
      expected: `a lab of version ${version}`,
      found: `version ${file.version}, process ${file.pid}`,
      remedy: 'End it with: hop down; then start it anew',
    })
  return file
}
