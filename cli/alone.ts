import { DatabaseSync } from 'node:sqlite'
import { HopError } from '../pki/error.ts'
import { prepareStateFile } from '../services/control/state/state-dir.ts'

/**
 * Does something that nobody else may do with the same lab meanwhile: two matrices would switch the modes under each
 * other. The lock is the system's and ends with the process. Throws `lab-busy`,
 * and as {@link prepareStateFile} where others can reach it.
 */
export const alone = async <Result>(stateDir: string, work: () => Promise<Result>): Promise<Result> => {
  const unlock = lock(stateDir)
  try {
    return await work()
  } finally {
    unlock()
  }
}

const busy = 5 // SQLITE_BUSY

const lock = (stateDir: string): (() => void) => {
  let db: DatabaseSync | undefined
  try {
    db = new DatabaseSync(prepareStateFile(stateDir, 'experiments.lock'))
    db.exec('PRAGMA busy_timeout = 0; BEGIN EXCLUSIVE')
    return db.close.bind(db)
  } catch (cause) {
    if (db?.isOpen) db.close()
    if (cause instanceof HopError && cause.code !== 'state-not-writable') throw cause
    // a directory that cannot be written to is told by whoever has to write
    if ((cause as { errcode?: number }).errcode !== busy) return () => {}
    throw new HopError('lab-busy', {
      field: 'lab',
      expected: 'nobody else who experiments with it or switches it',
      found: 'another command at it',
      remedy: 'Wait until it is over, or start a lab beside it: hop --state DIR up --detach',
      cause,
    })
  }
}
