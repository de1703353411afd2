import { HopError } from '../../../pki/error.ts'
import type { Mode } from '../../modes.ts'
import type { RolloutRow } from '../state/rollout-row.ts'
import type { Breach } from './error-rate.ts'
import type { LastingCaller } from './guard-settings.ts'
import type { Step } from './steps.ts'

const again = 'Ask for the same mode again to go on, or roll back'

export const inProgress = ({ from, to, step }: RolloutRow, asked: Mode) =>
  new HopError('rollout-in-progress', {
    field: 'mode',
    expected: `${to}, to which a rollout from ${from} is under way (at ${step})`,
    found: asked,
    remedy: `Finish it (mode ${to}) or roll it back first`,
  })

export const noRollout = () =>
  new HopError('no-rollout', {
    field: 'rollout',
    expected: 'one under way',
    found: 'none',
    remedy: 'There is nothing to roll back; hop mode goes to another mode',
  })

export const notAcknowledged = (step: Step, missing: string[], timeoutMs: number | undefined, cause: unknown) =>
  new HopError('rollout-timeout', {
    field: `step ${step}`,
    expected: `everybody's acknowledgement within ${timeoutMs} ms`,
    found: `none from ${missing.join(', ')}`,
    remedy: again,
    cause,
  })

export const notApplied = (step: Step, names: string[], error: (name: string) => string | undefined) =>
  new HopError('rollout-refused', {
    field: `step ${step}`,
    expected: 'everybody to apply it',
    found: names.map(name => `${name}: ${error(name) ?? 'no reason given'}`).join('; '),
    remedy: again,
  })

export const callersRemain = (callers: readonly LastingCaller[]) =>
  new HopError('rollout-callers-remain', {
    field: 'step narrow',
    expected: 'nobody who is served now and would be turned away',
    found: callers.slice(0, mostNamed).map(described).join('; ') + more(callers),
    remedy: 'Move these callers or end them, then ask for the same mode again; or roll back',
  })

export const unobserved = (callee: string, cause: unknown) =>
  new HopError('rollout-unobserved', {
    field: 'step narrow',
    expected: `a report of who still calls ${callee}`,
    found: cause instanceof HopError ? cause.code : 'none',
    remedy: again,
    cause,
  })

export const canaryUnderWay = ({ canary, step }: RolloutRow, asked: readonly string[]) =>
  new HopError('canary-invalid', {
    field: 'canary',
    expected: canary
      ? `a list with ${canary.join(', ')} in it, which went first`
      : `none: the rollout under way is at ${step} for all`,
    found: asked.join(', '),
    remedy: 'Go on without a canary, or roll back and begin with another',
  })

export const rolledBack = (
  step: Step,
  { of, seen, failed, rate, failure, link }: Breach,
  most: number,
  cause?: unknown,
) =>
  new HopError('rollout-rolled-back', {
    field: `step ${step}`,
    expected: `at most ${percent(most)} of ${of} failing`,
    found: `${percent(rate)} (${failed} of ${seen}), most often ${failure} on ${link}`,
    remedy: `Find out what is wrong on ${link}, then try again`,
    ...(cause === undefined ? {} : { cause }),
  })

const mostNamed = 5

const more = (callers: readonly LastingCaller[]): string =>
  callers.length > mostNamed ? `; and ${callers.length - mostNamed} more` : ''

const described = ({ callee, caller, address, transport, requests, lastSeen }: LastingCaller): string =>
  `${address}${caller === undefined ? '' : ` as ${caller}`} to ${callee} by ${transport} (${requests}×, last ${lastSeen})`

const percent = (share: number): string => `${Number((share * 100).toFixed(1))}%`
