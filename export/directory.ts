import { existsSync, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'

/**
 * Makes a directory and what is missing above it, all with this mode. Node's own recursive mkdir never returns on file
 * systems that answer ENOENT below a directory that exists, such as /proc.
 */
export const directoryAt = (path: string, mode: number): void => {
  if (existsSync(path)) return
  directoryAt(dirname(path), mode)
  mkdirSync(path, { mode })
}
