import { randomInt } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import type { findLab } from '../../lab/state-file.ts'
import { beginHere, type Events, readEvents } from '../../labs/events.ts'
import { drawFaults, type Fault } from '../../labs/faults.ts'
import { cameTrue, judgeStep, readsWire } from '../../labs/judge.ts'
import type { Lesson, Step } from '../../labs/lesson.ts'
import type { Judgement } from '../../labs/predicates.ts'
import { carriedOver, type Kept, keepProgress, readProgress } from '../../labs/progress-file.ts'
import type { LabClient } from '../../scenarios/lab-client.ts'
import { alone } from '../alone.ts'
import { standOf } from '../kept-lab.ts'
import { readVerdicts } from '../verdicts-file.ts'
import { bringAbout } from './bring-about.ts'

/** One lesson, taken at one lab: what is kept of it, and what is seen. */
export type Session = {
  lesson: Lesson
  faults: readonly Fault[]
  kept(): Kept
  keep(change: Partial<Kept>): void
  /** Draws the line: from here on counts for this step. */
  begin(step: Step): Promise<void>
  judge(step: Step): Promise<Judgement>
  /** Waits until a step is done, looking again and again. Answers undefined where `signal` ends the wait. */
  untilDone(step: Step, signal: AbortSignal): Promise<Judgement | undefined>
  /** Keeps that a step is done, and which of the predictions about it came true. */
  finish(step: Step): Promise<void>
}

type FoundLab = ReturnType<typeof findLab>

type At = { stateDir: string; file: FoundLab; lab: LabClient; lesson: Lesson }

/** How often is looked whether it has happened, ms. */
const lookEveryMs = 350

/** Goes on where it was left. */
export const resume = (at: At): Session => createSession(at, readProgress(at.stateDir)[at.lesson.slug]!)

/** Brings the lab to where the lesson begins, and remembers how it was found: the first time, not every time. */
export const startOver = async (at: At, seed?: number): Promise<Session> => {
  const { stateDir, lab, lesson } = at
  const before = readProgress(stateDir)[lesson.slug]
  const { switches, state } = await standOf(lab)
  const found = before?.found ?? { switches, state: { ...state, bundle: '' } }
  const kept: Kept = {
    ...{ step: 1, cameTrue: [], found, startedAt: new Date().toISOString() },
    ...(lesson.faults ? { seed: seed ?? randomInt(1, 1_000_000) } : {}),
    ...carriedOver(before),
  }
  keepProgress(stateDir, lesson.slug, kept)
  const session = createSession(at, kept)
  await alone(stateDir, async () => {
    await bringAbout(at.file.access, lesson.mode)
    for (const fault of session.faults) await fault.breakLab(lab)
  })
  return session
}

/** Names one run of a lab. */
export const runOf = ({ pid, startedAt }: Pick<FoundLab, 'pid' | 'startedAt'>): string => `${pid} ${startedAt}`

const createSession = ({ stateDir, file, lab, lesson }: At, first: Kept): Session => {
  let kept = first
  let last = first.since
  const faults = lesson.faults ? drawFaults(lesson.faults.count, kept.seed ?? lesson.faults.seed) : []
  const run = runOf(file)
  const events = (step: Step): Promise<Events> => {
    const since = kept.since ?? { at: Date.parse(kept.startedAt), audit: 0, records: {}, lab: '' }
    const all = readVerdicts(stateDir)
    const verdicts = all?.topology === lab.topology.name ? all.cells : []
    return readEvents(lab, since, {
      run,
      wire: readsWire(lesson, step),
      faults,
      verdicts: verdicts as Events['verdicts'],
    })
  }
  const keep: Session['keep'] = change => {
    kept = { ...kept, ...change }
    keepProgress(stateDir, lesson.slug, kept)
  }
  const judge = async (step: Step) => judgeStep(await events(step), step)
  return {
    ...{ lesson, faults, keep, judge, kept: () => kept },
    async begin(step) {
      const since = await beginHere(lab, run, readsWire(lesson, step), last)
      last = since
      keep({ step: step.number, since, shown: undefined })
    },
    async untilDone(step, signal) {
      for (;;) {
        if (signal.aborted) return undefined
        const judged = await judge(step)
        if (judged.holds) return judged
        await wait(lookEveryMs, undefined, { signal }).catch(() => {})
      }
    },
    async finish(step) {
      const letters = cameTrue(await events(step), lesson, step.number).map(({ letter }) => letter)
      const over = step.number === lesson.steps.length
      keep({
        step: step.number + 1,
        ...{ since: undefined, shown: undefined },
        cameTrue: [...kept.cameTrue, ...letters],
        ...(over ? { finishedAt: new Date().toISOString() } : {}),
      })
    },
  }
}
