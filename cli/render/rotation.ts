import type { RotationProgress, RotationRow } from '../../services/control/certificates/rotation-steps.ts'
import { pad } from './table.ts'
import { duration } from './words.ts'

/** One step of a rotation, as it goes. */
export const rotationLine = (progress: RotationProgress): string => {
  const step = `${progress.back ? 'back: ' : ''}${pad(progress.step, 8)}`
  if (progress.type === 'reached') return `${step} done after ${duration(progress.ms)}`
  const { waitingFor } = progress
  return waitingFor.length === 0 ? `${step} …` : `${step} waiting for ${waitingFor.join(', ')}`
}

/** A rotation under way, in one line; none: nothing. */
export const rotationLines = (row: RotationRow | null): string[] => {
  if (!row) return []
  const { what, step, reached, careless, back } = row
  const how = back ? ', going back' : careless ? `, ${careless}` : ''
  return [
    `rotation of the ${what}${how}: ${reached ? 'holding after' : 'at'} ${step} (hop rotate ${back ? '--back' : what} goes on${back ? '' : ', hop rotate --back goes back'})`,
  ]
}
