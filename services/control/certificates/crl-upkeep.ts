import type { Logger } from 'pino'
import type { CrlPublication } from './crl-publication.ts'
import type { TrustPublisher } from './trust-publisher.ts'

/** A clock may be set, and a machine be asleep, which no timer notices: it is looked again at least so often, ms. */
const atLeastEveryMs = 10_000

/**
 * Has lists made anew before the old ones run out, by the lifetime they have now: whatever is published sets the timer
 * anew. A failure is logged and tried again after the same time, or a while. Returns what ends it.
 */
export const keepListsFresh = (
  lists: Pick<CrlPublication, 'everyMs' | 'dueInMs'>,
  trust: Pick<TrustPublisher, 'publish' | 'onPublish'>,
  log: Pick<Logger, 'error'>,
): (() => void) => {
  let timer: NodeJS.Timeout | undefined
  const wait = (ms: number) => {
    clearTimeout(timer)
    timer = setTimeout(look, Math.max(0, Math.min(ms, atLeastEveryMs)))
    timer.unref()
  }
  const look = () => {
    if (lists.dueInMs() > 0) return wait(lists.dueInMs())
    wait(lists.everyMs())
    try {
      trust.publish({ scheduled: true })
    } catch (err) {
      log.error({ err }, 'the revocation lists were not made anew; the old ones stay')
    }
  }
  const next = () => wait(lists.dueInMs())
  trust.onPublish(next)
  next()
  return () => clearTimeout(timer)
}
