import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Logger } from 'pino'
import type { Operations } from '../control/operations.ts'
import type { Mode } from '../modes.ts'
import { readGiven, writeSecret } from './secret-files.ts'

/** So long everybody may take to be there, ms. */
const patienceMs = 60_000

/**
 * Goes live to the mode that a control plane was started with, where that is another than it was started with last; what the
 * operator switched to since then stays otherwise. Resolves when it is there, or could not: the log says why.
 */
export const followAskedMode = async (
  operations: Pick<Operations, 'state' | 'settled' | 'switchMode'>,
  stateDir: string,
  asked: Mode | undefined,
  log: Pick<Logger, 'info' | 'warn'>,
): Promise<void> => {
  if (asked === undefined) return
  const path = join(stateDir, 'asked-mode')
  const before = existsSync(path) ? readGiven(path, 'a mode') : undefined
  if (before === asked) return
  writeSecret(path, `${asked}\n`)
  const { mode } = operations.state()
  if (mode === asked) return
  try {
    await operations.settled(AbortSignal.timeout(patienceMs))
    await operations.switchMode(asked, {}, () => {})
    log.info({ from: mode, to: asked }, 'in the mode that was asked for')
  } catch (error) {
    log.warn({ from: mode, to: asked, reason: String(error) }, 'not in the mode that was asked for')
  }
}
