import type { Observations } from '../../chassis/observation.ts'
import { type Breach, breachOf, countErrors, noErrors } from './error-rate.ts'
import type { RolloutGuard } from './guard-settings.ts'

/** Counts errors while a guarded rollout runs. */
export type ErrorWatch = {
  /** Forgets what was counted: from now on counts what the next step does. */
  restart(): Promise<void>
  /** Looks now, beside the regular times. */
  look(): Promise<void>
  stop(): void
}

type Options = {
  /** Who is asked now. */
  names: () => string[]
  /** What a workload saw after a cursor. */
  report: (name: string, since: number) => Promise<Observations>
  guard: RolloutGuard
  /** Told at most once. */
  onBreach: (breach: Breach) => void
}

const everyMs = 100

/** Later than any cursor: nothing is new after it. */
const endOfTime = 999_999_999_999

/** Asks every workload now and then what went wrong. Who cannot answer is passed over: a lost workload is no error rate. */
export const watchErrors = ({ names, report, guard, onBreach }: Options): ErrorWatch => {
  const cursors = new Map<string, number>()
  let tally = noErrors()
  let told = false
  let stopped = false
  let looking = Promise.resolve()

  const ask = async (name: string): Promise<Observations | undefined> => {
    const since = cursors.get(name) ?? endOfTime
    const seen = await report(name, since).catch(() => undefined)
    if (!seen) return undefined
    cursors.set(name, seen.cursor)
    return since === endOfTime ? undefined : seen
  }

  const once = async (): Promise<void> => {
    if (stopped) return
    const counting = tally
    const reports = await Promise.all(names().map(ask))
    countErrors(
      counting,
      reports.filter(seen => seen !== undefined),
    )
    const breach = breachOf(counting, guard)
    if (!breach || told || counting !== tally) return
    told = true
    onBreach(breach)
  }

  const look = (): Promise<void> => {
    looking = looking.then(once)
    return looking
  }

  const timer = setInterval(() => void look(), everyMs)
  timer.unref()
  return {
    async restart() {
      await look()
      tally = noErrors()
    },
    look,
    stop() {
      // a look that is due already must not ask a control plane that has closed meanwhile
      stopped = true
      clearInterval(timer)
    },
  }
}
