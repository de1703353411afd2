import { setTimeout as wait } from 'node:timers/promises'

const tries = 6
const pauseMs = 15

/** Reads until it is enough, with a little patience: a record is written when its answer is gone. The last reading counts. */
export const readUntil = async <Read>(
  read: () => Promise<Read>,
  enough: (read: Read) => boolean,
  mostTries = tries,
): Promise<Read> => {
  for (let left = mostTries; ; left--) {
    const found = await read()
    if (left === 1 || enough(found)) return found
    await wait(pauseMs)
  }
}
