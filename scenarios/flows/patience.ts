import { setTimeout as wait } from 'node:timers/promises'

/** How often is looked, and how long is waited in between. */
type Patience = { tries: number; pauseMs: number }

const usual: Patience = { tries: 6, pauseMs: 15 }

/** Reads until it is enough, with a little patience: a record is written when its answer is gone. The last reading counts. */
export const readUntil = async <Read>(
  read: () => Promise<Read>,
  enough: (read: Read) => boolean,
  { tries = usual.tries, pauseMs = usual.pauseMs }: Partial<Patience> = {},
): Promise<Read> => {
  for (let left = tries; ; left--) {
    const found = await read()
    if (left === 1 || enough(found)) return found
    await wait(pauseMs)
  }
}

/** Waits until a moment has passed, ms since the epoch. A timer alone may be early, by as long as the process was busy. */
export const untilAfter = async (moment: number): Promise<void> => {
  for (let left = moment - Date.now(); left >= 0; left = moment - Date.now()) await wait(left + 1)
}
