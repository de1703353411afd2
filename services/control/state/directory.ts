import { existsSync, lstatSync, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { HopError } from '../../../pki/error.ts'

/**
 * Makes a directory (0700) and what is missing above it. Node's own recursive mkdir never returns on file systems that
 * answer ENOENT below a directory that exists, such as /proc. Throws `state-not-writable`.
 */
export const makeDirectory = (path: string): void => {
  try {
    make(path)
  } catch (cause) {
    throw stateNotWritable(path, cause)
  }
}

export const stateNotWritable = (path: string, cause: unknown): HopError =>
  new HopError('state-not-writable', {
    field: path,
    expected: 'a writable place',
    found: (cause as NodeJS.ErrnoException).code ?? String(cause),
    remedy: 'Choose another state directory, or free space and permissions there',
    cause,
  })

const make = (path: string): void => {
  const found = lstatSync(path, { throwIfNoEntry: false })
  if (found?.isFile()) throw Object.assign(new Error(`${path} is a file`), { code: 'ENOTDIR' })
  if (found) return
  const above = dirname(path)
  if (!existsSync(above)) make(above)
  mkdirSync(path, { mode: 0o700 })
}
