import { HopError } from '../pki/error.ts'
import { takeInterrupts } from './interrupts.ts'

/**
 * Waits for what the control plane was ordered to do. Whoever interrupts the wait is told that it goes on without him, and
 * how to find out: throws `interrupted`.
 */
export const unlessInterrupted = async <Result>(
  work: Promise<Result>,
  { message = 'interrupted; what was ordered goes on in the lab', remedy }: { message?: string; remedy: string },
): Promise<Result> => {
  const interrupts = takeInterrupts()
  work.catch(() => {})
  const done = await Promise.race([work.then(result => ({ result })), interrupts.ended])
  if (typeof done === 'object') return done.result
  throw new HopError('interrupted', { message, remedy })
}
