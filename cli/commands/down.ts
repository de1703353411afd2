import { setTimeout as wait } from 'node:timers/promises'
import { isAlive } from '../../lab/process-life.ts'
import { type LabFile, removeLabFile, runningLab } from '../../lab/state-file.ts'
import { HopError } from '../../pki/error.ts'
import type { Context } from '../command.ts'
import { exit } from '../exit.ts'
import { duration } from '../render/words.ts'

const pollMs = 20
const patienceMs = 10_000

/** Asks the lab to end and waits until its process is gone. Throws `no-lab`, `lab-still-there`. */
export const down = async ({ stateDir, screen }: Context, words: { ifRunning?: boolean }): Promise<number> => {
  const lab = runningLab(stateDir)
  if (!lab && !words.ifRunning)
    throw new HopError('no-lab', {
      field: `state directory ${stateDir}`,
      expected: 'a running lab',
      found: 'none',
      remedy: 'Nothing to end. With --if-running that is no failure',
    })
  if (!lab) {
    screen.answer({ ended: false }, () => 'No lab was running.')
    return exit.ok
  }
  const began = performance.now()
  await end(lab)
  removeLabFile(stateDir, lab.pid)
  const ms = Math.round(performance.now() - began)
  screen.answer({ ended: true, pid: lab.pid, ms }, () => `The lab (process ${lab.pid}) ended after ${duration(ms)}.`)
  return exit.ok
}

const end = async (lab: LabFile): Promise<void> => {
  try {
    process.kill(lab.pid, 'SIGTERM')
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ESRCH') return
    throw stillThere(lab, cause)
  }
  for (const until = performance.now() + patienceMs; isAlive(lab); await wait(pollMs))
    if (performance.now() > until) throw stillThere(lab)
}

const stillThere = ({ pid }: LabFile, cause?: unknown) =>
  new HopError('lab-still-there', {
    field: `process ${pid}`,
    expected: `its end within ${patienceMs / 1000} s`,
    found: cause === undefined ? 'it running' : String((cause as NodeJS.ErrnoException).code),
    remedy: `kill -9 ${pid} ends it; nothing that was acknowledged is lost`,
    cause,
  })
