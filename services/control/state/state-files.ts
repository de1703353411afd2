import { lstatSync, readdirSync, type Stats } from 'node:fs'
import { join } from 'node:path'

/** Something in the state directory as the file system has it now; `.` is the directory itself. `names`: how many it has. */
export type StateFile = {
  name: string
  kind: 'directory' | 'file' | 'link' | 'other'
  /** Permissions in octal, `600`. */
  mode: string
  /** It belongs to whoever runs the control plane. */
  own: boolean
  names: number
}

/** Looks at the state directory and at all that lies in it. What goes away meanwhile is left out. */
export const stateFilesIn = (directory: string): StateFile[] =>
  ['.', ...readdirSync(directory).sort()].flatMap(name => {
    const found = lstatSync(join(directory, name), { throwIfNoEntry: false })
    return found ? [told(name, found)] : []
  })

const told = (name: string, found: Stats): StateFile => ({
  ...{ name, kind: kindOf(found), mode: (found.mode & 0o777).toString(8).padStart(3, '0') },
  ...{ own: process.getuid === undefined || found.uid === process.getuid(), names: found.nlink },
})

const kindOf = (found: Stats): StateFile['kind'] => {
  if (found.isDirectory()) return 'directory'
  if (found.isFile()) return 'file'
  return found.isSymbolicLink() ? 'link' : 'other'
}
