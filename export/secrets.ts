import { randomBytes } from 'node:crypto'
import { lstatSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { HopError } from '../pki/error.ts'
import { refuseShared } from '../services/control/state/state-dir.ts'
import { writeSecret } from '../services/process/secret-files.ts'
import { directoryAt } from './directory.ts'
import { look } from './found.ts'
import { attempt } from './tree.ts'

export type SecretsMade = { made: string[]; kept: string[] }

/** 256 bits, as text. */
const freshSecret = (): string => `${randomBytes(32).toString('base64url')}\n`

/**
 * Sees to it that there is a secret in each of these files below `out`: a fresh one where there is none, 0600 in a
 * directory 0700. One that is there already is kept, since what runs may hold it; it must be its owner's alone.
 * Throws as `refuseShared` does, and `export-not-writable`.
 */
export const seeToSecrets = (out: string, paths: readonly string[]): SecretsMade => {
  const done: SecretsMade = { made: [], kept: [] }
  attempt(out, () => {
    for (const path of paths) {
      const whole = join(out, path)
      const directory = dirname(whole)
      refuseLinked(out, path)
      directoryAt(directory, 0o700)
      refuseShared(directory, lstatSync(directory), 0o700)
      const found = lstatSync(whole, { throwIfNoEntry: false })
      if (found) refuseShared(whole, found)
      else writeSecret(whole, freshSecret())
      done[found ? 'kept' : 'made'].push(path)
    }
  })
  return done
}

/** A secret must not be written, or read, where a link leads. */
const refuseLinked = (out: string, path: string): void => {
  const { kind } = look(out, path)
  if (kind === 'nothing' || kind === 'a file') return
  throw new HopError('export-foreign', {
    field: `--out ${out}`,
    expected: `no ${path}, or the secret that an export made`,
    found: kind,
    remedy: 'Choose another directory, or move it away',
  })
}
