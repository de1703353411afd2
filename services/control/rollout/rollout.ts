import { HopError } from '../../../pki/error.ts'
import type { Mode } from '../../modes.ts'
import type { Topology } from '../../topology/topology.ts'
import type { Fleet } from '../fleet.ts'
import type { RolloutRow } from '../state/intent.ts'
import type { Store } from '../state/store.ts'
import type { Publisher } from './publisher.ts'
import { drains, reversed, type Step, steps } from './steps.ts'

/** What a rollout tells whoever watches. Times in ms. */
export type Progress =
  | { type: 'step'; step: Step; from: Mode; to: Mode; waitingFor: string[] }
  | { type: 'reached'; step: Step; ms: number }

/** Where it ended: settled in a mode, or held at a step on request. */
export type Outcome = { mode: Mode; heldAt?: Step }

/** Moves the whole system from one mode to another, live, one step at a time. */
export type Rollout = {
  /**
   * Goes to `mode`, or goes on going there. With `stopAt` it holds after that step.
   * Throws `rollout-in-progress`, `rollout-timeout`, `rollout-refused`, `rollout-rolled-back`; the step reached stays.
   */
  to(mode: Mode, options?: { stopAt?: Step; watch?: Watch }): Promise<Outcome>
  /**
   * Back to where the rollout came from, from any step. Asked for again while it runs, it is the same one: never forward again.
   * Throws `no-rollout`, and as `to` does.
   */
  back(watch?: Watch): Promise<Outcome>
  /** Goes on with what a restart interrupted; waits for the workloads as long as they take. */
  resume(): void
  close(): Promise<void>
}

export type Watch = (progress: Progress) => void

/** `patient`: resumed after a restart, with nobody waiting for its end. `back`: a rollback. */
type Run = { patient: boolean; back: boolean; promise: Promise<Outcome>; abort: AbortController; watchers: Set<Watch> }

type RolloutOptions = { topology: Topology; store: Store; fleet: Fleet; publisher: Publisher; ackTimeoutMs: number }

export const createRollout = ({ topology, store, fleet, publisher, ackTimeoutMs }: RolloutOptions): Rollout => {
  const { intent } = store
  let current: Run | undefined

  const registered = () => Object.keys(intent.addresses()).filter(name => Object.hasOwn(topology.workloads, name))

  const behind = (step: Step): string[] =>
    registered().filter(name => {
      const ack = fleet.acked(name)
      const version = publisher.version(name)
      return !ack || ack.version < version || !ack.ok || (drains[step] && !ack.drained)
    })

  const refused = (): string[] =>
    registered().filter(name => {
      const ack = fleet.acked(name)
      return ack !== undefined && !ack.ok && ack.version === publisher.version(name)
    })

  const acknowledged = async (step: Step, signal: AbortSignal, timeoutMs: number | undefined): Promise<void> => {
    const late = timeoutMs === undefined ? [] : [AbortSignal.timeout(timeoutMs)]
    try {
      await fleet.until(() => refused().length > 0 || behind(step).length === 0, AbortSignal.any([signal, ...late]))
    } catch (cause) {
      if (signal.aborted) throw signal.reason
      throw notAcknowledged(step, behind(step).map(describe), timeoutMs, cause)
    }
    if (refused().length > 0) throw notApplied(step, refused(), name => fleet.acked(name)?.error)
  }

  const describe = (name: string): string => {
    if (!fleet.connected(name)) return `${name} (not connected)`
    const ack = fleet.acked(name)
    const answered = ack?.ok && ack.version >= publisher.version(name)
    return answered ? `${name} (still draining)` : name
  }

  /** From the row on disk to the end, each step stored before it is published. */
  const proceed = async (tell: Watch, signal: AbortSignal, timeoutMs: number | undefined): Promise<Outcome> => {
    publisher.publish(undefined, refused())
    for (let row = intent.rollout(); row; row = intent.rollout()) {
      if (!row.reached) {
        const began = performance.now()
        tell({ type: 'step', step: row.step, from: row.from, to: row.to, waitingFor: behind(row.step) })
        await acknowledged(row.step, signal, timeoutMs)
        intent.setRollout({ ...row, reached: true })
        tell({ type: 'reached', step: row.step, ms: Math.round(performance.now() - began) })
      }
      if (row.stopAt === row.step) return { mode: row.from, heldAt: row.step }
      publisher.publish(() => advance(row))
    }
    await acknowledged('narrow', signal, timeoutMs)
    return { mode: intent.mode() }
  }

  const advance = (row: RolloutRow): void => {
    const step = steps[steps.indexOf(row.step) + 1]
    intent.setRollout(step && { ...row, step, reached: false })
    if (!step) intent.setMode(row.to)
  }

  const begin = (row: RolloutRow, watch: Watch | undefined, timeoutMs: number | undefined, back = false): Run => {
    const abort = new AbortController()
    const watchers = new Set(watch ? [watch] : [])
    const tell: Watch = progress => {
      for (const watcher of watchers) watcher(progress)
    }
    intent.setRollout(row)
    const run: Run = {
      patient: timeoutMs === undefined,
      back,
      abort,
      watchers,
      promise: proceed(tell, abort.signal, timeoutMs).finally(() => {
        if (current === run) current = undefined
      }),
    }
    current = run
    return run
  }

  const join = (run: Run, watch: Watch | undefined): Promise<Outcome> => {
    if (watch) run.watchers.add(watch)
    return run.promise
  }

  const stop = async (reason: HopError): Promise<void> => {
    while (current) {
      current.abort.abort(reason)
      await current.promise.catch(() => {})
    }
  }

  return {
    async to(mode, { stopAt, watch } = {}) {
      const row = intent.rollout()
      if (row && row.to !== mode) throw inProgress(row, mode)
      if (current?.patient)
        await stop(new HopError('rollout-taken-over', { message: 'The operator asked for it again' }))
      if (current) return join(current, watch)
      if (!row && intent.mode() === mode) return { mode }
      const fresh = row ?? { from: intent.mode(), to: mode, step: 'widen' as const, reached: false }
      return begin({ ...fresh, stopAt: stopAt ?? null }, watch, ackTimeoutMs).promise
    },
    async back(watch) {
      if (!current?.back) await stop(new HopError('rollout-rolled-back', { message: 'The operator rolled it back' }))
      if (current?.back) return join(current, watch)
      const row = intent.rollout()
      if (!row) throw new HopError('no-rollout', { message: 'No rollout is under way', remedy: 'Nothing to do' })
      const { from, to, step } = row
      const reverse = { from: to, to: from, step: reversed[step], stopAt: null, reached: false }
      return begin(reverse, watch, ackTimeoutMs, true).promise
    },
    resume() {
      const row = intent.rollout()
      if (!row) return publisher.publish()
      begin(row, undefined, undefined).promise.catch(() => {})
    },
    close: () => stop(new HopError('control-closed', { message: 'The control plane is closing' })),
  }
}

const inProgress = ({ from, to, step }: RolloutRow, asked: Mode) =>
  new HopError('rollout-in-progress', {
    field: 'mode',
    expected: `${to}, to which a rollout from ${from} is under way (at ${step})`,
    found: asked,
    remedy: `Finish it (mode ${to}) or roll it back first`,
  })

const notAcknowledged = (step: Step, missing: string[], timeoutMs: number | undefined, cause: unknown) =>
  new HopError('rollout-timeout', {
    field: `step ${step}`,
    expected: `everybody's acknowledgement within ${timeoutMs} ms`,
    found: `none from ${missing.join(', ')}`,
    remedy: 'Ask for the same mode again to go on, or roll back',
    cause,
  })

const notApplied = (step: Step, names: string[], error: (name: string) => string | undefined) =>
  new HopError('rollout-refused', {
    field: `step ${step}`,
    expected: 'everybody to apply it',
    found: names.map(name => `${name}: ${error(name) ?? 'no reason given'}`).join('; '),
    remedy: 'Ask for the same mode again to go on, or roll back',
  })
