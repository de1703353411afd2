import { closeSync, constants, lstatSync, openSync, type Stats } from 'node:fs'
import { join } from 'node:path'
import { HopError } from '../../../pki/error.ts'
import { makeDirectory, stateNotWritable } from './directory.ts'

/**
 * Makes or checks the directory that holds the authority's keys and returns the path of `file` in it.
 * The directory is 0700, its files 0600, nobody else's, no symbolic links, no second names.
 * Throws `state-symlink`, `state-not-ours`, `state-readable-by-others`, `state-hard-link`, `state-not-writable`.
 */
export const prepareStateFile = (directory: string, file: string): string => {
  makeDirectory(directory)
  refuseShared(directory, lstatSync(directory), 0o700)
  const path = join(directory, file)
  create(path)
  for (const name of [path, `${path}-wal`, `${path}-shm`]) {
    const found = lstatSync(name, { throwIfNoEntry: false })
    if (found) refuseShared(name, found)
  }
  return path
}

/** Refuses to follow a link someone else may have put there. */
const create = (path: string): void => {
  const { O_RDWR, O_CREAT, O_NOFOLLOW } = constants
  try {
    closeSync(openSync(path, O_RDWR | O_CREAT | O_NOFOLLOW, 0o600))
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ELOOP') throw symlink(path)
    throw stateNotWritable(path, cause)
  }
}

/** Throws as {@link prepareStateFile} unless only its owner, who is us, can reach what `found` (of lstat) tells of. */
export const refuseShared = (path: string, found: Stats, mode = 0o600): void => {
  if (found.isSymbolicLink()) throw symlink(path)
  const uid = process.getuid?.()
  if (uid !== undefined && found.uid !== uid)
    throw new HopError('state-not-ours', {
      field: path,
      expected: `owner ${uid}`,
      found: `owner ${found.uid}`,
      remedy: 'Choose a state directory of your own',
    })
  if (found.mode & 0o077)
    throw new HopError('state-readable-by-others', {
      field: path,
      expected: mode.toString(8),
      found: (found.mode & 0o777).toString(8),
      remedy: `Whoever reads it may be able to do what you can: chmod ${mode.toString(8)} ${path}, or remove it to start afresh`,
    })
  if (found.isFile() && found.nlink > 1)
    throw new HopError('state-hard-link', {
      field: path,
      expected: 'one name',
      found: `${found.nlink} names`,
      remedy: 'What it holds can be reached by another name: remove that, or the state directory to start afresh',
    })
}

const symlink = (path: string) =>
  new HopError('state-symlink', {
    field: path,
    expected: 'a real file or directory',
    found: 'a symbolic link',
    remedy: 'Remove it or choose another state directory',
  })
