import { setTimeout as wait } from 'node:timers/promises'
import { exit } from './exit.ts'

export type EndSignal = 'SIGINT' | 'SIGTERM' | 'SIGHUP'

export type Interrupts = {
  /** The first signal that asked for the end. Never rejects. */
  ended: Promise<EndSignal>
  /** Resolves when nobody should have to wait any longer. */
  patience(): Promise<void>
}

const patienceMs = 1800

const signals: readonly EndSignal[] = ['SIGINT', 'SIGTERM', 'SIGHUP']

/** Takes over the signals that end a program: the first is told, a second ends it at once. */
export const takeInterrupts = (): Interrupts => {
  const { promise, resolve } = Promise.withResolvers<EndSignal>()
  let asked = false
  const obey = (signal: EndSignal) => {
    if (asked) process.exit(exit.interrupted)
    asked = true
    resolve(signal)
  }
  for (const signal of signals) process.on(signal, obey)
  return {
    ended: promise,
    patience: () => wait(patienceMs, undefined, { ref: false }),
  }
}
