import type { HopError } from '../../pki/error.ts'
import type { Fleet } from './fleet.ts'

/** What is waited for, of everybody, and how it is told when it does not come. */
export type Waited = {
  /** Who has yet to do it. */
  behind: () => string[]
  /** Who said that he cannot. */
  refused: () => string[]
  late: (behind: string[], timeoutMs: number | undefined, cause: unknown) => HopError
  cannot: (refused: string[]) => HopError
}

/**
 * Resolves when nobody is behind. Throws the signal's reason, `late` after `timeoutMs`, or `cannot`. Without `timeoutMs`
 * nobody waits for the answer: who could not do it tries again, and is waited for.
 */
export const everybody = async (
  fleet: Pick<Fleet, 'until'>,
  { behind, refused, late, cannot }: Waited,
  signal: AbortSignal,
  timeoutMs: number | undefined,
): Promise<void> => {
  const patience = timeoutMs === undefined ? [] : [AbortSignal.timeout(timeoutMs)]
  const unable = () => (timeoutMs === undefined ? [] : refused())
  try {
    await fleet.until(() => unable().length > 0 || behind().length === 0, AbortSignal.any([signal, ...patience]))
  } catch (cause) {
    if (signal.aborted) throw signal.reason
    throw late(behind(), timeoutMs, cause)
  }
  if (unable().length > 0) throw cannot(unable())
}
