import { closeSync, fstatSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs'
import { HopError } from '../../pki/error.ts'

/** Longer than any token or bundle we make. */
const mostBytes = 256 * 1024

/** The text of a file that came from outside, without the newline at its end. Throws `file-unreadable`. */
export const readGiven = (path: string, what: string): string => {
  let handle: number | undefined
  try {
    handle = openSync(path, 'r')
    const stats = fstatSync(handle)
    if (!stats.isFile() || stats.size > mostBytes) throw unreadable(path, what, 'something else')
    return readFileSync(handle, 'utf8').trim()
  } catch (cause) {
    if (cause instanceof HopError) throw cause
    throw unreadable(path, what, (cause as NodeJS.ErrnoException).code ?? 'something unreadable', cause)
  } finally {
    if (handle !== undefined) closeSync(handle)
  }
}

/** Writes a file that only its owner can read; there whole or not at all. */
export const writeSecret = (path: string, text: string): void => {
  const temporary = `${path}.${process.pid}`
  rmSync(temporary, { force: true })
  const handle = openSync(temporary, 'wx', 0o600)
  try {
    writeSync(handle, text)
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
  renameSync(temporary, path)
}

const unreadable = (path: string, what: string, found: string, cause?: unknown) =>
  new HopError('file-unreadable', { field: path, expected: `a file with ${what}`, found, cause })
