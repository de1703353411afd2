import {
  closeSync,
  fsyncSync,
  lstatSync,
  openSync,
  readSync,
  realpathSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeSync,
} from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { HopError } from '../../pki/error.ts'

/** A place for a page, known to be one. */
export type PageFile = {
  path: string
  /** There whole or not at all, readable to its owner: it shows what was on the wire. Throws `file-not-writable`. */
  write(page: string): void
}

const beginning = '<!doctype html>'

/**
 * Looks whether a page can be written there, before any work is done for it. Throws `usage`, `file-not-writable`, and
 * `file-not-a-page` where something else is already.
 */
export const preparePage = (word: string): PageFile => {
  // `--html --links`: the option was taken for the name
  if (word === '' || word.startsWith('-'))
    throw new HopError('usage', {
      field: '--html',
      expected: 'the name of a file, with ./ in front where it begins with -',
      found: JSON.stringify(word),
    })
  const path = target(word)
  refuseOther(path, word)
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}`)
  attempt(word, () => closeSync(openSync(temporary, 'wx', 0o600)))
  rmSync(temporary, { force: true })
  return {
    path: resolve(word),
    write: page => attempt(word, () => replace(path, temporary, page)),
  }
}

const replace = (path: string, temporary: string, page: string): void => {
  const handle = openSync(temporary, 'wx', 0o600)
  try {
    try {
      for (let rest = Buffer.from(page); rest.length > 0; ) rest = rest.subarray(writeSync(handle, rest))
      fsyncSync(handle)
    } finally {
      closeSync(handle)
    }
    renameSync(temporary, path)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw error
  }
}

/** Where a symbolic link leads. */
const target = (word: string): string => {
  try {
    return realpathSync(word)
  } catch {
    return resolve(word)
  }
}

const refuseOther = (path: string, word: string): void => {
  const stats = attempt(word, () => statSync(path, { throwIfNoEntry: false }))
  const itself = attempt(word, () => lstatSync(path, { throwIfNoEntry: false }))
  if (itself === undefined) return
  const found = stats === undefined ? 'a link that leads nowhere' : kindOf(stats)
  if (stats?.isFile() && (stats.size === 0 || beginsAsPage(path, word))) return
  throw new HopError('file-not-a-page', {
    field: '--html',
    expected: 'a new file, or a page to replace',
    found: `${word}, ${found}`,
    remedy: 'Choose another name, or remove it first',
  })
}

const kindOf = (stats: Stats): string =>
  stats.isDirectory() ? 'a directory' : stats.isFile() ? 'another file' : 'something else'

const beginsAsPage = (path: string, word: string): boolean =>
  attempt(word, () => {
    const handle = openSync(path, 'r')
    try {
      const bytes = Buffer.alloc(beginning.length)
      readSync(handle, bytes)
      return bytes.toString('latin1').toLowerCase() === beginning
    } finally {
      closeSync(handle)
    }
  })

const attempt = <Result>(word: string, work: () => Result): Result => {
  try {
    return work()
  } catch (cause) {
    throw new HopError('file-not-writable', {
      field: '--html',
      expected: 'a file that can be written',
      found: `${word} (${(cause as NodeJS.ErrnoException).code})`,
      cause,
    })
  }
}
