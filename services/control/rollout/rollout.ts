import type { Logger } from 'pino'
import { HopError } from '../../../pki/error.ts'
import type { Mode } from '../../modes.ts'
import type { Topology } from '../../topology/topology.ts'
import type { Fleet } from '../fleet.ts'
import type { RolloutRow } from '../state/rollout-row.ts'
import type { Store } from '../state/store.ts'
import { createAcknowledgements } from './acknowledgements.ts'
import { createCallerWatch } from './caller-watch.ts'
import { backFrom } from './during.ts'
import type { Breach } from './error-rate.ts'
import { watchErrors } from './error-watch.ts'
import { nextRow, type SwitchWish } from './next-row.ts'
import { inProgress, noRollout, rolledBack } from './problems.ts'
import type { Outcome, Watch } from './progress.ts'
import type { Publisher } from './publisher.ts'
import { createRunner, isHeld } from './run.ts'

/** Moves the whole system from one mode to another, live, one step at a time. */
export type Rollout = {
  /**
   * Goes to `mode`, or goes on going there. With `stopAt` it holds after that step.
   * Throws `rollout-in-progress`, `rollout-timeout`, `rollout-refused`, `rollout-rolled-back`, `canary-invalid`, and
   * with a guard `rollout-callers-remain` and `rollout-unobserved`; but for `rollout-rolled-back` the step reached stays.
   */
  to(mode: Mode, options?: SwitchWish & { watch?: Watch }): Promise<Outcome>
  /**
   * Back to where the rollout came from, from any step. Asked for again it is the same one: never forward again.
   * Throws `no-rollout`, and as `to` does.
   */
  back(watch?: Watch): Promise<Outcome>
  /** Goes on with what a restart interrupted; waits for the workloads as long as they take. Audited as `control`'s. */
  resume(): void
  close(): Promise<void>
}

/** `patient`: resumed after a restart, with nobody waiting for its end. `back`: a rollback, on request or by itself. */
type Run = { patient: boolean; back: boolean; promise: Promise<Outcome>; abort: AbortController; watchers: Set<Watch> }

type RolloutOptions = {
  topology: Topology
  store: Store
  fleet: Fleet
  publisher: Publisher
  log: Logger
  ackTimeoutMs: number
  reportTimeoutMs: number
}

export const createRollout = (options: RolloutOptions): Rollout => {
  const { topology, store, fleet, publisher, log, ackTimeoutMs, reportTimeoutMs } = options
  const { intent, audit } = store
  const acknowledgements = createAcknowledgements({ topology, intent, fleet, publisher })
  const names = acknowledgements.registered
  const report = (name: string, since: number) => fleet.report(name, since, reportTimeoutMs)
  const callers = createCallerWatch({ topology, intent, switches: publisher.switches, names, report })
  const proceed = createRunner({ intent, publisher, acknowledgements, callers })
  let current: Run | undefined

  const goesBack = (row: RolloutRow) => row.to === intent.mode()

  const begin = (row: RolloutRow, watch: Watch | undefined, timeoutMs: number | undefined): Run => {
    const watchers = new Set(watch ? [watch] : [])
    const tell: Watch = progress => {
      for (const watcher of watchers) watcher(progress)
    }
    intent.setRollout(row)
    const abort = new AbortController()
    const run: Run = {
      patient: timeoutMs === undefined,
      back: goesBack(row),
      abort,
      watchers,
      promise: Promise.resolve({ mode: row.from }),
    }
    current = run

    const guarded = async (): Promise<Outcome> => {
      const { guard } = row
      if (!guard) return proceed({ tell, signal: abort.signal, timeoutMs, errors: undefined })
      let breach: Breach | undefined
      const onBreach = (found: Breach) => {
        if (abort.signal.aborted || !intent.rollout()) return
        breach = found
        abort.abort()
      }
      const errors = watchErrors({ names, report, guard, onBreach })
      try {
        return await proceed({ tell, signal: abort.signal, timeoutMs, errors })
      } catch (error) {
        errors.stop()
        const reached = breach && intent.rollout()
        if (!breach || !reached) throw error
        await turnBack(reached, breach)
        throw rolledBack(reached.step, breach, guard.errorRate)
      } finally {
        errors.stop()
      }
    }

    const turnBack = (reached: RolloutRow, breach: Breach): Promise<Outcome> => {
      run.abort = new AbortController()
      run.back = true
      const { step, from } = reached
      const { of: _, ...figures } = breach
      tell({ type: 'breach', step, ...figures })
      const act = { who: 'control', action: 'rollback', target: from, detail: { step, ...breach } }
      return audit.throughout(act, () => {
        intent.setRollout(backFrom(reached))
        return proceed({ tell, signal: run.abort.signal, timeoutMs, errors: undefined })
      })
    }

    run.promise = guarded().finally(() => {
      if (current === run) current = undefined
    })
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
    async to(mode, { watch, ...wish } = {}) {
      const row = intent.rollout()
      if (row && row.to !== mode) throw inProgress(row, mode)
      if (current?.patient)
        await stop(new HopError('rollout-taken-over', { message: 'The operator asked for it again' }))
      if (current) return join(current, watch)
      const settled = intent.mode()
      if (!row && settled === mode) return { mode }
      return begin(nextRow({ topology, settled, row }, mode, wish), watch, ackTimeoutMs).promise
    },
    async back(watch) {
      if (!current?.back) await stop(new HopError('rollout-rolled-back', { message: 'The operator rolled it back' }))
      if (current?.back)
        return join(current, watch).catch(error => {
          // it had turned back by itself, which is what is asked for now
          if (error instanceof HopError && error.code === 'rollout-rolled-back') return { mode: intent.mode() }
          throw error
        })
      const row = intent.rollout()
      if (!row) throw noRollout()
      return begin(goesBack(row) ? { ...row, stopAt: null } : backFrom(row), watch, ackTimeoutMs).promise
    },
    resume() {
      const row = intent.rollout()
      if (!row || isHeld(row)) return publisher.publish()
      const { from, to, step } = row
      const action = goesBack(row) ? 'rollback' : 'rollout'
      audit
        .throughout(
          { who: 'control', action, target: to, detail: { from, step, resumed: true } },
          () => begin(row, undefined, undefined).promise,
        )
        .catch(err => log.error({ err }, 'the rollout that a restart interrupted did not get to its end'))
    },
    close: () => stop(new HopError('control-closed', { message: 'The control plane is closing' })),
  }
}
