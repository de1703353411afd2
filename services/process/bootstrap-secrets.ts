import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { createBootstrapText, readBootstrapSecret } from '../chassis/bootstrap-secret.ts'
import type { SecretOf } from '../control/certificates/bootstrap.ts'
import { readGiven, writeSecret } from './secret-files.ts'

const file = 'bootstrap-secret'

/**
 * Workloads' secrets in a directory, one folder each, which a workload may share with the control plane. Those that are not
 * there are made, where that is possible: a directory that was given read-only has what it should have. Throws `bootstrap-secret`.
 */
export const openBootstrapDir = (directory: string, workloads: readonly string[]): SecretOf => {
  const pathOf = (name: string) => join(directory, name, file)
  for (const name of workloads) make(pathOf(name), join(directory, name))
  const secretOf: SecretOf = name => {
    const path = pathOf(name)
    return existsSync(path) ? readBootstrapSecret(readGiven(path, 'a bootstrap secret'), path) : undefined
  }
  for (const name of workloads) secretOf(name)
  return secretOf
}

const readOnly = ['EROFS', 'EACCES', 'EPERM', 'ENOENT']

const make = (path: string, folder: string): void => {
  if (existsSync(path)) return
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    writeSecret(path, `${createBootstrapText()}\n`)
  } catch (error) {
    if (!readOnly.includes((error as NodeJS.ErrnoException).code ?? '')) throw error
  }
}
