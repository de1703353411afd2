import type { MatrixEvent } from '../scenarios/runner.ts'
import type { Progress } from '../services/control/rollout.ts'
import { pad } from './render/table.ts'
import { duration } from './render/words.ts'
import type { Screen } from './screen.ts'

const indent = 2
const most = 100

/**
 * Tells a matrix as it is made: a paragraph per mode that names each scenario when it is done, `!` where a cell was not
 * as expected. `write` takes pieces of lines. Programs get events instead, without the evidence.
 */
export const createMatrixProgress = (
  screen: Pick<Screen, 'paint' | 'columns' | 'event'>,
  write: (text: string) => void,
): ((event: MatrixEvent) => void) => {
  const { paint } = screen
  const width = Math.min(screen.columns, most)
  let column = 0
  const word = (text: string, colour: (text: string) => string) => {
    if (column + text.length + 1 > width) {
      write(`\n${' '.repeat(indent)}`)
      column = indent
    }
    write(` ${colour(text)}`)
    column += text.length + 1
  }
  let first = true
  return event => {
    if (event.type === 'mode') {
      const text = `${pad(event.mode, 25)}switched live in ${duration(event.ms)}`
      screen.event({ event: 'mode', mode: event.mode, ms: event.ms })
      write(`${first ? '' : '\n'}${paint.strong(text)}\n${' '.repeat(indent)}`)
      first = false
      column = indent
      return
    }
    const { scenario, mode, cells } = event
    const surprising = cells.some(cell => !cell.asExpected)
    screen.event({ event: 'scenario', scenario, mode, cells: cells.map(({ evidence, control, ...cell }) => cell) })
    word(surprising ? `${scenario}!` : scenario, surprising ? paint.warn : paint.dim)
  }
}

/** One step of a rollout, as it goes. */
export const rolloutLine = (progress: Progress): string => {
  const step = pad(progress.step, 7)
  if (progress.type === 'reached') return `${step} done after ${duration(progress.ms)}`
  const { waitingFor } = progress
  return waitingFor.length === 0 ? `${step} …` : `${step} waiting for ${waitingFor.join(', ')}`
}
