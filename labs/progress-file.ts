import { lstatSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as v from 'valibot'
import { HopError } from '../pki/error.ts'
import { refuseShared } from '../services/control/state/state-dir.ts'
import { writeSecret } from '../services/process/secret-files.ts'

const format = 1
const mostBytes = 4 * 1024 * 1024

const since = v.object({
  at: v.number(),
  audit: v.number(),
  records: v.record(v.string(), v.number()),
  lab: v.string(),
})

const kept = v.object({
  /** The step that is under way, from 1; one more than there are: over. */
  step: v.pipe(v.number(), v.integer(), v.minValue(1)),
  since: v.optional(since),
  /** How many parts of it have been shown, their commands run. */
  shown: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0))),
  prediction: v.optional(v.string()),
  /** Letters of the choices that came true. */
  cameTrue: v.array(v.string()),
  seed: v.optional(v.number()),
  /** How the lab stood before: switches and what the control plane said of itself. */
  found: v.optional(v.looseObject({ switches: v.looseObject({}), state: v.looseObject({}) })),
  startedAt: v.pipe(v.string(), v.isoTimestamp()),
  finishedAt: v.optional(v.pipe(v.string(), v.isoTimestamp())),
  /** When a run before this one was finished. */
  finishedBefore: v.optional(v.pipe(v.string(), v.isoTimestamp())),
})

const shape = v.object({ format: v.literal(format), lessons: v.record(v.string(), kept) })

/** How far somebody is in a lesson. */
export type Kept = v.InferOutput<typeof kept>

/** What a new run of a lesson keeps of the runs before it: when it was last finished. */
export const carriedOver = (before: Kept | undefined): Pick<Kept, 'finishedBefore'> => {
  const finished = before?.finishedAt ?? before?.finishedBefore
  return finished === undefined ? {} : { finishedBefore: finished }
}

/** By slug. */
export type Progress = Record<string, Kept>

const fileIn = (stateDir: string): string => join(stateDir, 'lessons.json')

/** What was kept, nothing where there is no file. Throws `lessons-unreadable`, and as `refuseShared`. */
export const readProgress = (stateDir: string): Progress => {
  const path = fileIn(stateDir)
  try {
    const stats = lstatSync(path)
    refuseShared(path, stats)
    if (!stats.isFile() || stats.size > mostBytes) throw new Error(`no file of at most ${mostBytes} bytes`)
    return v.parse(shape, JSON.parse(readFileSync(path, 'utf8'))).lessons
  } catch (cause) {
    if (cause instanceof HopError) throw cause
    const { code, message } = cause as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return {}
    throw new HopError('lessons-unreadable', {
      field: path,
      expected: 'the progress of earlier lessons',
      found: code ?? message.slice(0, 100),
      remedy: 'Remove it; lessons then begin anew',
      cause,
    })
  }
}

/** Keeps one lesson's progress beside the others', or forgets it. */
export const keepProgress = (stateDir: string, slug: string, progress: Kept | undefined): void => {
  const { [slug]: _, ...others } = readProgress(stateDir)
  const all = progress === undefined ? others : { ...others, [slug]: progress }
  writeSecret(fileIn(stateDir), `${JSON.stringify({ format, lessons: all })}\n`)
}
