import { join } from 'node:path'
import { secretPaths } from './image.ts'
import type { ExportOptions } from './options.ts'
import { partsOf } from './parts.ts'
import { type SecretsMade, seeToSecrets } from './secrets.ts'
import { type TargetName, targets } from './targets.ts'
import { type Written, writeTree } from './tree.ts'

export type Exported = Written & { secrets: SecretsMade }

/**
 * Writes a lab for another orchestrator into a directory: files that are the same for the same topology, and beside them
 * secrets that are made once. Throws `export-name`, and as {@link writeTree} and {@link seeToSecrets} do.
 */
export const exportLab = (target: TargetName, options: ExportOptions, out: string): Exported => {
  const { tree, secretsIn } = targets[target]
  const written = writeTree(out, tree(options))
  const paths = [...partsOf(options.topology).map(({ name }) => secretPaths.bootstrap(name)), secretPaths.operator]
  return {
    ...written,
    secrets: seeToSecrets(
      out,
      paths.map(path => join(secretsIn, path)),
    ),
  }
}
