import type { Mode } from '../../modes.ts'
import type { RolloutGuard } from '../rollout/guard-settings.ts'
import { type Step, steps } from '../rollout/steps.ts'
import type { Database } from './database.ts'
import { knownMode } from './known-mode.ts'

/** A rollout under way: on disk before it is published, so that a restart goes on where this one stopped. */
export type RolloutRow = {
  from: Mode
  to: Mode
  step: Step
  stopAt: Step | null
  /** True once everybody acknowledged `step`. */
  reached: boolean
  /** When it stops by itself; null: it only moves. */
  guard: RolloutGuard | null
  /** Only links into these workloads take the new way, as far as `move`; null: all links. */
  canary: string[] | null
  /** Workloads the links into which took the new way before this step was begun: canaries that went well. */
  moved: string[]
}

/** The one rollout there can be. */
export type RolloutRows = {
  rollout(): RolloutRow | undefined
  setRollout(row: RolloutRow | undefined): void
}

export const createRolloutRows = (db: Database): RolloutRows => ({
  rollout() {
    const row = db.get<Row>('SELECT source, target, step, stop_at, reached FROM rollout')
    if (!row) return undefined
    const kept = db.get<{ value: string }>("SELECT value FROM settings WHERE name = 'rollout-wish'")
    const step = (name: string) => steps.find(known => known === name)
    return {
      from: knownMode(row.source),
      to: knownMode(row.target),
      step: step(row.step) ?? 'widen',
      stopAt: row.stop_at === null ? null : (step(row.stop_at) ?? null),
      reached: row.reached === 1,
      ...plain,
      ...(kept && (JSON.parse(kept.value) as Partial<Kept>)),
    }
  },
  setRollout(row) {
    db.transaction(() => {
      db.run("DELETE FROM settings WHERE name = 'rollout-wish'")
      if (!row) return void db.run('DELETE FROM rollout')
      const { from, to, step, stopAt, reached, ...kept } = row
      db.run(
        'INSERT OR REPLACE INTO rollout (one, source, target, step, stop_at, reached) VALUES (1, ?, ?, ?, ?, ?)',
        ...[from, to, step, stopAt, reached ? 1 : 0],
      )
      db.run("INSERT INTO settings (name, value) VALUES ('rollout-wish', ?)", JSON.stringify(kept))
    })
  },
})

type Kept = Pick<RolloutRow, 'guard' | 'canary' | 'moved'>

const plain: Kept = { guard: null, canary: null, moved: [] }

type Row = { source: string; target: string; step: string; stop_at: string | null; reached: number }
