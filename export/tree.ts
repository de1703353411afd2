import { renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { HopError } from '../pki/error.ts'
import { directoryAt } from './directory.ts'
import { digest, type Found, look } from './found.ts'
import { listFile, readList, writeList } from './list.ts'

/** Path below the tree's root → text. Written in its order; the same input gives the same bytes. */
export type Tree = Record<string, string>

export type Written = { written: string[]; unchanged: string[]; removed: string[] }

/**
 * Brings a directory to hold exactly this tree, as far as it was written by an earlier export. Nothing is touched where
 * anything is not: a file somebody wrote or changed, a link. Throws `export-foreign`, `export-not-writable`.
 */
export const writeTree = (out: string, tree: Tree): Written => {
  refuseForeignRoot(out)
  const before = readList(out)
  const found = Object.fromEntries(Object.keys(tree).map(path => [path, look(out, path)]))
  const stale = Object.keys(before).filter(path => !Object.hasOwn(tree, path) && look(out, path).kind !== 'nothing')
  for (const [path, text] of Object.entries(tree)) refuseForeign(out, path, found[path]!, before[path], text)
  for (const path of stale) refuseForeign(out, path, look(out, path), before[path])

  const unchanged = Object.keys(tree).filter(path => found[path]!.text === tree[path])
  const written = Object.keys(tree).filter(path => !unchanged.includes(path))
  attempt(out, () => {
    for (const path of written) put(join(out, path), tree[path]!)
    for (const path of stale) rmSync(join(out, path))
    writeList(out, tree)
  })
  return { written, unchanged, removed: stale }
}

const refuseForeignRoot = (out: string): void => {
  const { kind } = look(out, '.')
  if (kind === 'nothing' || kind === 'a directory') return
  throw new HopError('export-foreign', {
    field: '--out',
    expected: 'a new directory, or one that an earlier export wrote',
    found: `${out}, ${kind}`,
    remedy: 'Choose another directory',
  })
}

/** Whatever is there must be what an export wrote: listed with this digest, or what would be written now anyhow. */
const refuseForeign = (out: string, path: string, found: Found, listed: string | undefined, text?: string): void => {
  if (found.kind === 'nothing') return
  if (found.text !== undefined && (found.text === text || digest(found.text) === listed)) return
  const changed = found.kind === 'a file' && listed !== undefined
  throw new HopError('export-foreign', {
    field: `--out ${out}`,
    expected: `no ${path}, or the one that an export wrote`,
    found: changed ? 'it was changed since' : found.kind,
    remedy: changed
      ? 'Keep changes of your own in an overlay or a file beside it; move this one away and export again'
      : 'Choose another directory, or move it away',
  })
}

const put = (path: string, text: string): void => {
  directoryAt(dirname(path), 0o755)
  const temporary = `${path}.${process.pid}`
  try {
    writeFileSync(temporary, text, { flag: 'wx', flush: true })
    renameSync(temporary, path)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw error
  }
}

/** Throws `export-not-writable` for what the file system says. */
export const attempt = <Result>(out: string, work: () => Result): Result => {
  try {
    return work()
  } catch (cause) {
    if (cause instanceof HopError) throw cause
    const { code, path } = cause as NodeJS.ErrnoException
    throw new HopError('export-not-writable', {
      field: `--out ${out}`,
      expected: `a place that can be written, ${listFile} included`,
      found: `${path ?? out} (${code})`,
      cause,
    })
  }
}
