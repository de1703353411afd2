import { HopError } from '../../../pki/error.ts'
import type { Desired } from '../../chassis/desired.ts'
import type { Address } from '../../chassis/transport.ts'
import { isMode, type Mode } from '../../modes.ts'
import { type Step, steps } from '../rollout/steps.ts'
import type { Switches } from '../rollout/switches.ts'
import type { Database } from './database.ts'

/** A rollout under way: on disk before it is published, so that a restart goes on where this one stopped. */
export type RolloutRow = {
  from: Mode
  to: Mode
  step: Step
  stopAt: Step | null
  /** True once everybody acknowledged `step`. */
  reached: boolean
}

/** What the operator wants, and what was told to whom. */
export type Intent = {
  mode(): Mode
  setMode(mode: Mode): void
  rollout(): RolloutRow | undefined
  setRollout(row: RolloutRow | undefined): void
  /** The last desired state published to a workload. */
  published(workload: string): Desired | undefined
  /** Its version alone; 0 before the first. */
  publishedVersion(workload: string): number
  publish(workload: string, desired: Desired): void
  /** A number above every version given so far and above `floor`. */
  nextVersion(floor?: number): number
  addresses(): Record<string, Address>
  setAddress(workload: string, address: Address): void
  /** Source address of what a workload splices, where it is not the one it listens on. */
  sources(): Record<string, string>
  setSource(workload: string, source: string | undefined): void
  routes(): Record<string, Address>
  setRoutes(routes: Record<string, Address>): void
  unverified(): string[]
  setUnverified(links: string[]): void
  /** What the operator set apart from the defaults, as stored. */
  switches(): Partial<Switches>
  setSwitches(switches: Partial<Switches>): void
  authority(): string | undefined
  setAuthority(state: string): void
  /** The keys that users' tokens are signed with, private halves too: this file is its owner's alone. */
  tokenKeys(): string | undefined
  setTokenKeys(state: string): void
}

export const createIntent = (db: Database, initialMode: Mode): Intent => {
  const setting = (name: string): string | undefined =>
    db.get<{ value: string }>('SELECT value FROM settings WHERE name = ?', name)?.value
  const set = (name: string, value: string): void => {
    db.run('INSERT OR REPLACE INTO settings (name, value) VALUES (?, ?)', name, value)
  }
  return {
    mode: () => knownMode(setting('mode') ?? initialMode),
    setMode: mode => set('mode', mode),
    rollout() {
      const row = db.get<Row>('SELECT source, target, step, stop_at, reached FROM rollout')
      if (!row) return undefined
      const step = (name: string) => steps.find(known => known === name)
      return {
        from: knownMode(row.source),
        to: knownMode(row.target),
        step: step(row.step) ?? 'widen',
        stopAt: row.stop_at === null ? null : (step(row.stop_at) ?? null),
        reached: row.reached === 1,
      }
    },
    setRollout(row) {
      if (!row) db.run('DELETE FROM rollout')
      else
        db.run(
          'INSERT OR REPLACE INTO rollout (one, source, target, step, stop_at, reached) VALUES (1, ?, ?, ?, ?, ?)',
          row.from,
          row.to,
          row.step,
          row.stopAt,
          row.reached ? 1 : 0,
        )
    },
    published(workload) {
      const row = db.get<{ desired: string }>('SELECT desired FROM published WHERE workload = ?', workload)
      return row && (JSON.parse(row.desired) as Desired)
    },
    publishedVersion: workload =>
      db.get<{ version: number }>('SELECT version FROM published WHERE workload = ?', workload)?.version ?? 0,
    publish(workload, desired) {
      const text = JSON.stringify(desired)
      db.run(
        'INSERT OR REPLACE INTO published (workload, version, desired) VALUES (?, ?, ?)',
        workload,
        desired.version,
        text,
      )
    },
    nextVersion(floor = 0) {
      const next = Math.max(Number(setting('version') ?? 0), floor) + 1
      set('version', String(next))
      return next
    },
    addresses: () =>
      Object.fromEntries(
        db
          .all<{ workload: string } & Address>('SELECT workload, host, port FROM addresses')
          .map(({ workload, host, port }) => [workload, { host, port }]),
      ),
    setAddress(workload, { host, port }) {
      db.run('INSERT OR REPLACE INTO addresses (workload, host, port) VALUES (?, ?, ?)', workload, host, port)
    },
    sources: () => JSON.parse(setting('sources') ?? '{}'),
    setSource(workload, source) {
      const { [workload]: before, ...others } = JSON.parse(setting('sources') ?? '{}') as Record<string, string>
      if (before === source) return
      set('sources', JSON.stringify(source === undefined ? others : { ...others, [workload]: source }))
    },
    routes: () => JSON.parse(setting('routes') ?? '{}'),
    setRoutes: routes => set('routes', JSON.stringify(routes)),
    unverified: () => JSON.parse(setting('unverified') ?? '[]'),
    setUnverified: links => set('unverified', JSON.stringify(links)),
    switches: () => JSON.parse(setting('switches') ?? '{}'),
    setSwitches: switches => set('switches', JSON.stringify(switches)),
    authority: () => db.get<{ state: string }>('SELECT state FROM authority')?.state,
    tokenKeys: () => setting('token-keys'),
    setTokenKeys: state => set('token-keys', state),
    setAuthority: state => {
      db.run('INSERT OR REPLACE INTO authority (one, state) VALUES (1, ?)', state)
    },
  }
}

type Row = { source: string; target: string; step: string; stop_at: string | null; reached: number }

/** The state may have been written by a version of hop with other modes. */
const knownMode = (name: string): Mode => {
  if (isMode(name)) return name
  throw new HopError('state-other-version', {
    field: 'mode in the state',
    expected: 'a mode of this version',
    found: name,
    remedy: 'Remove the state directory to start afresh',
  })
}
