import { HopError } from '../../../pki/error.ts'
import type { Transport } from '../../chassis/transport.ts'
import type { RotationRow } from '../certificates/rotation-steps.ts'
import type { RolloutRow } from '../state/rollout-row.ts'
import type { BreakGlass } from './break-glass-state.ts'

/** One link at a time. */
export const active = ({ link, until }: BreakGlass) =>
  new HopError('break-glass-active', {
    field: 'link',
    expected: 'no link that is relaxed',
    found: `${link}, until ${new Date(until).toISOString()}`,
    remedy: 'End it first (hop break-glass --end), or wait',
  })

/** Nothing to end. */
export const noneActive = () =>
  new HopError('no-break-glass', {
    field: 'link',
    expected: 'one that is relaxed',
    found: 'none',
    remedy: 'There is nothing to end: every link is as strict as its mode says',
  })

/** Not in the middle of a rollout. */
export const rolloutFirst = ({ to, step }: RolloutRow) =>
  new HopError('rollout-in-progress', {
    field: 'link',
    expected: 'no rollout under way',
    found: `one to ${to}, at ${step}`,
    remedy: 'Finish it or roll it back first',
  })

/** Not in the middle of a rotation. */
export const rotationFirst = ({ what, step }: RotationRow) =>
  new HopError('rotation-in-progress', {
    field: 'link',
    expected: 'no rotation under way',
    found: `one of the ${what}, at ${step}`,
    remedy: 'Finish it or go back first',
  })

/** Only links between two workloads that the present mode protects; `possible` are those. */
export const notRelaxable = (link: string, possible: string[]) =>
  new HopError('break-glass-link', {
    field: 'link',
    expected: possible.length > 0 ? `one of ${possible.join(', ')}` : 'nothing: this mode has no link to relax',
    found: JSON.stringify(link.slice(0, 100)),
    remedy: 'hop map shows how each link goes in this mode; plaintext is as weak as can be',
  })

/** Nothing else would be a relaxation. */
export const notWeaker = (present: Transport, asked: Transport) =>
  new HopError('break-glass-not-weaker', {
    field: 'transport',
    expected: `something weaker than ${present}, which this link goes by`,
    found: asked,
    remedy: 'Choose a weaker one, or leave the link as it is',
  })
