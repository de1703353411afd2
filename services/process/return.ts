import { setTimeout as wait } from 'node:timers/promises'
import type { Logger } from 'pino'
import { HopError } from '../../pki/error.ts'
import { pauseAfter } from './way-in.ts'

export type Return = {
  /** Begins to ask to be let in anew; nothing where that is under way. */
  begin(reason: string): void
  close(): Promise<void>
}

/**
 * A workload that the control plane turns away asks to be let in by its secret, again and again: whether it is, the control
 * plane decides each time. A certificate that ran out is no reason against it; one that was revoked is, until the operator says so.
 */
export const createReturn = ({ log, enrol }: { log: Logger; enrol: () => Promise<void> }): Return => {
  const ended = new AbortController()
  const { signal } = ended
  let underWay: Promise<void> | undefined

  const ask = async (reason: string) => {
    log.warn({ reason }, 'turned away; asks to be let in anew')
    let told = ''
    for (let tries = 0; !signal.aborted; tries++) {
      try {
        await enrol()
        return log.info('let in anew, with a new key')
      } catch (error) {
        const code = error instanceof HopError ? error.code : 'failed'
        if (code !== told) log.warn({ reason: String(error) }, 'not let in anew')
        told = code
      }
      await wait(pauseAfter(tries), undefined, { signal, ref: false }).catch(() => {})
    }
  }

  return {
    begin(reason) {
      if (signal.aborted) return
      underWay ??= ask(reason).finally(() => {
        underWay = undefined
      })
    },
    async close() {
      ended.abort()
      await underWay
    },
  }
}
