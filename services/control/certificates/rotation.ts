import type { Logger } from 'pino'
import type { Authority } from '../../../pki/authority.ts'
import { HopError } from '../../../pki/error.ts'
import type { Topology } from '../../topology/topology.ts'
import type { Fleet } from '../fleet.ts'
import type { Publisher } from '../rollout/publisher.ts'
import type { Store } from '../state/store.ts'
import { createRotationAcks } from './rotation-acks.ts'
import { createRotationMoves } from './rotation-moves.ts'
import { backFrom, orderOf } from './rotation-order.ts'
import { listsFirst, noRotation, rolloutFirst, rotationInProgress } from './rotation-problems.ts'
import type {
  CarelessOrder,
  RotationOutcome,
  RotationProgress,
  RotationRow,
  RotationStep,
  RotationSubject,
} from './rotation-steps.ts'
import type { TrustPublisher } from './trust-publisher.ts'

export type RotationWish = { stopAt?: RotationStep | undefined; careless?: CarelessOrder | undefined }

export type RotationWatch = (progress: RotationProgress) => void

/** Replaces CAs live, one acknowledged step after the other (claim L4). */
export type Rotation = {
  /**
   * Begins, or goes on with the one under way. Throws `rotation-in-progress` (another one), `rollout-in-progress`,
   * `rotation-lists`, and the step reached stays with `rotation-timeout`, `rotation-refused` and `rotation-undone`.
   */
  to(what: RotationSubject, wish: RotationWish, watch?: RotationWatch): Promise<RotationOutcome>
  /** Back to the CAs it came from. Throws `no-rotation`, and as `to` does. */
  back(watch?: RotationWatch): Promise<RotationOutcome>
  /** Throws `rotation-in-progress` while there is one. */
  forbid(asked: string): void
  /** Goes on with what a restart interrupted, for as long as it takes. */
  resume(): void
  close(): Promise<void>
}

type Options = {
  topology: Topology
  store: Store
  authority: Authority
  fleet: Fleet
  publisher: Publisher
  trust: TrustPublisher
  log: Pick<Logger, 'error'>
  ackTimeoutMs: number
}

/** `patient`: resumed after a restart, with nobody waiting for its end. */
type Run = {
  patient: boolean
  back: boolean
  promise: Promise<RotationOutcome>
  abort: AbortController
  watchers: Set<RotationWatch>
}

export const createRotation = (options: Options): Rotation => {
  const { topology, store, authority, fleet, publisher, trust, log, ackTimeoutMs } = options
  const { intent, audit } = store
  const { enter, finish } = createRotationMoves({ topology, store, authority, fleet, publisher, trust })
  const acks = createRotationAcks({ topology, intent, fleet, publisher, trust })
  let current: Run | undefined

  /** From the row on disk to the end, each step stored before it is published. */
  const proceed = async (
    tell: RotationWatch,
    signal: AbortSignal,
    timeoutMs: number | undefined,
  ): Promise<RotationOutcome> => {
    publisher.publish(undefined, acks.refused())
    for (;;) {
      const row = intent.rotation()!
      const { what, step, back } = row
      if (!row.reached) {
        const began = performance.now()
        tell({ type: 'step', step, back, what, waitingFor: acks.behind(step) })
        await acks.of(step, signal, timeoutMs)
        intent.setRotation({ ...row, reached: true })
        tell({ type: 'reached', step, back, ms: Math.round(performance.now() - began) })
      }
      const order = orderOf(row.careless)
      const next = order[order.indexOf(step) + 1]
      if (next === undefined) {
        finish(row)
        return { what }
      }
      if (row.stopAt === step) return { what, heldAt: step }
      enter({ ...row, step: next, reached: false })
    }
  }

  const begin = (row: RotationRow, watch: RotationWatch | undefined, timeoutMs: number | undefined): Run => {
    const abort = new AbortController()
    const watchers = new Set(watch ? [watch] : [])
    const tell: RotationWatch = progress => {
      for (const watcher of watchers) watcher(progress)
    }
    const run: Run = {
      patient: timeoutMs === undefined,
      back: row.back,
      abort,
      watchers,
      promise: proceed(tell, abort.signal, timeoutMs).finally(() => {
        if (current === run) current = undefined
      }),
    }
    current = run
    return run
  }

  const join = (run: Run, watch: RotationWatch | undefined): Promise<RotationOutcome> => {
    if (watch) run.watchers.add(watch)
    return run.promise
  }

  const stop = async (code: string, message: string): Promise<void> => {
    while (current) {
      current.abort.abort(new HopError(code, { message }))
      await current.promise.catch(() => {})
    }
  }

  // a step that is on disk may not have been given out: the disk may have been full for the list that came after it
  const publishAnew = ({ reached }: RotationRow): void => {
    if (!reached) trust.publish()
  }

  const needsLists = (): void => {
    const { lists } = publisher.switches().revocation
    if (lists !== 'renewed') throw listsFirst(lists)
  }

  const forbid = (asked: string): void => {
    const row = intent.rotation()
    if (row) throw rotationInProgress(row, asked)
  }

  return {
    forbid,
    async to(what, { stopAt, careless }, watch) {
      let row = intent.rotation()
      if (row && (row.what !== what || row.back || (careless && row.careless !== careless)))
        throw rotationInProgress(row, careless ? `${what}, ${careless}` : what)
      if (current?.patient) {
        await stop('rotation-taken-over', 'The operator asked for it again')
        row = intent.rotation()
        // it got to its end before it could be stopped
        if (!row) return { what }
      }
      if (current) return join(current, watch)
      const held = stopAt ?? null
      if (row) {
        needsLists()
        const again = { ...row, stopAt: held }
        intent.setRotation(again)
        publishAnew(again)
        return begin(again, watch, ackTimeoutMs).promise
      }
      const rollout = intent.rollout()
      if (rollout) throw rolloutFirst(rollout.to, rollout.step)
      needsLists()
      const wrong = careless ?? null
      const fresh = { what, step: orderOf(wrong)[0]!, reached: false, stopAt: held, careless: wrong, back: false }
      enter(fresh, () => void authority.add(what))
      return begin(fresh, watch, ackTimeoutMs).promise
    },
    async back(watch) {
      if (!current?.back) await stop('rotation-undone', 'The operator went back')
      if (current?.back) return join(current, watch)
      const row = intent.rotation()
      if (!row) throw noRotation()
      if (row.back) {
        publishAnew(row)
        return begin(row, watch, ackTimeoutMs).promise
      }
      const reverse = backFrom(row, authority.generations())
      enter(reverse)
      return begin(reverse, watch, ackTimeoutMs).promise
    },
    resume() {
      const row = intent.rotation()
      if (!row || (row.reached && row.stopAt === row.step)) return
      const { what, step, careless, back } = row
      audit
        .throughout(
          { who: 'control', action: 'rotate', target: what, detail: { step, careless, back, resumed: true } },
          () => begin(row, undefined, undefined).promise,
        )
        .catch(err => log.error({ err }, 'the rotation that a restart interrupted did not get to its end'))
    },
    close: () => stop('control-closed', 'The control plane is closing'),
  }
}
