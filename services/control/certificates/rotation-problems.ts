import { HopError } from '../../../pki/error.ts'
import type { RotationRow, RotationStep } from './rotation-steps.ts'

const again = 'Ask for the same again to go on; hop rotate --back goes back, or on with a way back'

export const rotationInProgress = ({ what, step, back, careless }: RotationRow, asked: string) =>
  new HopError('rotation-in-progress', {
    field: 'rotation',
    expected: `none, or the one under way: ${what}${back ? ', being undone' : ''}${careless ? `, ${careless}` : ''} (at ${step})`,
    found: asked,
    remedy: back
      ? 'Let it get to its end first (hop rotate --back goes on)'
      : 'Finish it or go back first (hop rotate --back)',
  })

export const rolloutFirst = (to: string, step: string) =>
  new HopError('rollout-in-progress', {
    field: 'rotation',
    expected: 'no rollout under way',
    found: `one to ${to}, at ${step}`,
    remedy: 'Finish it or roll it back first',
  })

export const listsFirst = (lists: string) =>
  new HopError('rotation-lists', {
    field: 'switch revocation',
    expected: 'lists renewed: nobody can check the new CA without its list',
    found: lists,
    remedy: 'Set the switch back first (hop switch revocation default)',
  })

export const noRotation = () =>
  new HopError('no-rotation', {
    field: 'rotation',
    expected: 'one under way',
    found: 'none',
    remedy: 'There is nothing to go back from; hop rotate begins one',
  })

export const notTaken = (step: RotationStep, missing: string[], timeoutMs: number | undefined, cause: unknown) =>
  new HopError('rotation-timeout', {
    field: `step ${step}`,
    expected: `everybody's acknowledgement within ${timeoutMs} ms`,
    found: `none from ${missing.join(', ')}`,
    remedy: again,
    cause,
  })

export const notPossible = (step: RotationStep, refusals: string[]) =>
  new HopError('rotation-refused', {
    field: `step ${step}`,
    expected: 'everybody to do it',
    found: refusals.join('; '),
    remedy: again,
  })
