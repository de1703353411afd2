import type { MatrixEvent } from '../scenarios/runner.ts'
import type { LastingCaller } from '../services/control/rollout/guard-settings.ts'
import type { Progress } from '../services/control/rollout/progress.ts'
import { pad } from './render/table.ts'
import { count, duration, shown } from './render/words.ts'
import type { Screen } from './screen.ts'

/** Where progress goes: to a terminal, which shows each experiment while it runs, or to a file or pipe. */
export type ProgressTo = { write(text: string): unknown; isTTY?: boolean }

const clear = '\r\u001b[K'

/**
 * Tells a matrix as it is made: a line per mode, and one for each scenario that was run again or came out not as expected.
 * Programs get events instead, without the evidence.
 */
export const createMatrixProgress = (
  { paint, json, event: tell }: Pick<Screen, 'paint' | 'json' | 'event'>,
  to: ProgressTo,
): ((event: MatrixEvent) => void) => {
  const passing = (text: string) => to.isTTY && to.write(clear + paint.dim(text))
  const line = (text: string) => to.write(`${to.isTTY ? clear : ''}${text}\n`)
  let switched = ''
  let done = 0
  return event => {
    const { mode } = event
    if (event.type === 'scenario') {
      const { scenario, cells } = event
      tell({ event: 'scenario', scenario, mode, cells: cells.map(({ evidence, control, ...cell }) => cell) })
    } else {
      const { type, ...said } = event
      tell({ event: type, ...said })
    }
    if (json) return
    if (event.type === 'mode') {
      switched = `${paint.strong(pad(mode, 25))}switched live in ${duration(event.ms)}`
      done = 0
      passing(switched)
    } else if (event.type === 'scenario') {
      done++
      const [again] = event.cells.filter(cell => cell.firstTry !== undefined)
      if (again) line(paint.dim(`again ${event.scenario} in ${mode}: at first ${shown(again.firstTry!, 200)}`))
      if (event.cells.some(cell => !cell.asExpected)) line(paint.warn(`! ${event.scenario} in ${mode}`))
      passing(`${mode}  ${count(done, 'experiment')}, last ${event.scenario}`)
    } else line(`${switched}, ${count(event.scenarios, 'experiment')} in ${duration(event.ms)}`)
  }
}

/** Progress that is no part of the answer: to people on standard error; programs get one document. */
export const progressTo = (screen: Screen): ((event: MatrixEvent) => void) =>
  createMatrixProgress({ ...screen, event: () => {} }, process.stderr)

/** One step of a rollout, as it goes. */
export const rolloutLine = (progress: Progress): string => {
  switch (progress.type) {
    case 'step': {
      const { step, waitingFor } = progress
      return waitingFor.length === 0 ? `${pad(step, 7)} …` : `${pad(step, 7)} waiting for ${waitingFor.join(', ')}`
    }
    case 'reached':
      return `${pad(progress.step, 7)} done after ${duration(progress.ms)}`
    case 'observing':
      return `${pad(progress.step, 7)} observing errors and callers for ${duration(progress.ms)}`
    case 'callers':
      return progress.callers.map(callerLine).join('\n')
    case 'breach': {
      const { step, rate, failed, seen, failure, link } = progress
      const share = `${Number((rate * 100).toFixed(1))}% (${failed} of ${seen})`
      return `${pad(step, 7)} ${share} failing, most often ${failure} on ${shown(link)}: rolling back`
    }
  }
}

const callerLine = ({ address, caller, callee, transport, requests }: LastingCaller): string =>
  shown(
    `! ${address}${caller === undefined ? '' : ` as ${caller}`} still calls ${callee} by ${transport} (${requests}×)`,
  )
