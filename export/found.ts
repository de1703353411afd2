import { createHash } from 'node:crypto'
import { lstatSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** What is at a place; `text` of a regular file that is reached through real directories only. */
export type Found = { kind: 'nothing' | 'a directory' | 'a file' | 'a symbolic link' | 'something else'; text?: string }

/** Larger ones were not written by us. */
const mostBytes = 1 << 20

/** SHA-256, hex. */
export const digest = (text: string): string => createHash('sha256').update(text).digest('hex')

/** Looks at every step of the way down from `root`; links are told, not followed. */
export const look = (root: string, path: string): Found => {
  const steps = path.split('/')
  for (let deep = 1; deep < steps.length; deep++) {
    const kind = kindOf(join(root, ...steps.slice(0, deep)))
    if (kind !== 'a directory') return { kind }
  }
  const whole = join(root, path)
  const kind = kindOf(whole)
  if (kind !== 'a file' || lstatSync(whole).size > mostBytes) return { kind }
  return { kind, text: readFileSync(whole, 'utf8') }
}

const kindOf = (path: string): Found['kind'] => {
  const stats = lstatSync(path, { throwIfNoEntry: false })
  if (!stats) return 'nothing'
  if (stats.isSymbolicLink()) return 'a symbolic link'
  return stats.isDirectory() ? 'a directory' : stats.isFile() ? 'a file' : 'something else'
}
