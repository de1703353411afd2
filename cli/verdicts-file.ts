import { lstatSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as v from 'valibot'
import { HopError } from '../pki/error.ts'
import type { Matrix } from '../scenarios/runner.ts'
import type { Cell } from '../scenarios/scenario.ts'
import { refuseShared } from '../services/control/state/state-dir.ts'
import { modes } from '../services/modes.ts'
import { writeSecret } from '../services/process/secret-files.ts'

/** A cell and when it was observed (ISO 8601). */
export type KeptCell = Cell & { observedAt: string }

/** `verdicts.json` in a state directory: what came out last, with its evidence. */
export type Verdicts = { topology: string; cells: KeptCell[]; costs?: NonNullable<Matrix['costs']> }

/** Changes with the shape; a file of another one is not looked into. */
const format = 1

/** Many times what the largest matrix takes. */
const mostBytes = 64 * 1024 * 1024

const verdict = v.picklist(['holds', 'broken', 'not-applicable', 'inconclusive'])
const evidence = v.array(
  v.looseObject({
    kind: v.string(),
    title: v.string(),
    where: v.string(),
    text: v.optional(v.string()),
    hex: v.optional(v.pipe(v.string(), v.regex(/^[0-9a-f]*$/))),
  }),
)
const shape = v.object({
  format: v.literal(format),
  topology: v.string(),
  cells: v.array(
    v.looseObject({
      scenario: v.string(),
      link: v.optional(v.string()),
      mode: v.picklist(modes),
      verdict,
      expected: verdict,
      asExpected: v.boolean(),
      evidence,
      control: v.object({ passed: v.boolean(), evidence }),
      because: v.string(),
      firstTry: v.optional(v.string()),
      ms: v.number(),
      observedAt: v.pipe(v.string(), v.isoTimestamp()),
    }),
  ),
  costs: v.optional(
    v.record(
      v.picklist(modes),
      v.array(v.object({ id: v.string(), title: v.string(), count: v.number(), what: v.array(v.string()) })),
    ),
  ),
})

const fileIn = (stateDir: string): string => join(stateDir, 'verdicts.json')

/** Replaces the file; it is there whole or not at all. Throws `verdicts-not-writable`. */
export const writeVerdicts = (stateDir: string, verdicts: Verdicts): void => {
  const path = fileIn(stateDir)
  try {
    writeSecret(path, `${JSON.stringify({ format, ...verdicts })}\n`)
  } catch (cause) {
    throw new HopError('verdicts-not-writable', {
      field: path,
      expected: 'a file that can be written',
      found: (cause as NodeJS.ErrnoException).code ?? String(cause),
      cause,
    })
  }
}

/**
 * What was kept; undefined where nothing was. Throws `verdicts-not-ours` (someone else could have written it),
 * `verdicts-other-format`, `verdicts-unreadable`, and as {@link refuseShared}.
 */
export const readVerdicts = (stateDir: string): Verdicts | undefined => {
  const path = fileIn(stateDir)
  try {
    refuseForeign(path)
    const found: unknown = JSON.parse(readFileSync(path, 'utf8'))
    refuseOtherFormat(path, found)
    return v.parse(shape, found) as Verdicts
  } catch (cause) {
    if (cause instanceof HopError) throw cause
    const { code, message } = cause as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    const [issue] = v.isValiError(cause) ? cause.issues : []
    const place = issue && v.getDotPath(issue)
    throw new HopError('verdicts-unreadable', {
      field: place ? `${path}: ${place}` : path,
      expected: 'the verdicts of earlier runs',
      found: code ?? message.slice(0, 100),
      remedy: 'Remove it; the next run writes a new one',
      cause,
    })
  }
}

const refuseForeign = (path: string): void => {
  const stats = lstatSync(path)
  const foreign = process.getuid !== undefined && stats.uid !== process.getuid()
  if (stats.isFile() && !foreign && !(stats.mode & 0o022) && stats.size <= mostBytes) {
    refuseShared(path, stats)
    return
  }
  const found = stats.isFile() ? `mode ${(stats.mode & 0o777).toString(8)}, owner ${stats.uid}` : 'something else'
  throw new HopError('verdicts-not-ours', {
    field: path,
    expected: `a file that only you can write, of at most ${mostBytes} bytes`,
    found: stats.size > mostBytes ? `${stats.size} bytes` : found,
    remedy: 'Look where it comes from, then remove it',
  })
}

const refuseOtherFormat = (path: string, found: unknown): void => {
  const other = typeof found === 'object' && found !== null && 'format' in found ? found.format : undefined
  if (typeof other !== 'number' || other === format) return
  throw new HopError('verdicts-other-format', {
    field: `${path}: format`,
    expected: String(format),
    found: String(other),
    remedy: 'Another version of hop wrote it; the next run replaces it',
  })
}
