import { isDeepStrictEqual } from 'node:util'
import type { Desired } from '../../chassis/desired.ts'
import type { Address } from '../../chassis/transport.ts'
import type { Mode } from '../../modes.ts'
import type { RotationRow } from '../certificates/rotation-steps.ts'
import type { BreakGlassRow } from '../rollout/break-glass-state.ts'
import type { Switches } from '../rollout/switches.ts'
import type { Database } from './database.ts'
import { knownMode } from './known-mode.ts'
import { createRolloutRows, type RolloutRows } from './rollout-row.ts'

/** What the operator wants, and what was told to whom. */
export type Intent = RolloutRows & {
  mode(): Mode
  setMode(mode: Mode): void
  /** The last desired state published to a workload. */
  published(workload: string): Desired | undefined
  /** Its version alone; 0 before the first. */
  publishedVersion(workload: string): number
  publish(workload: string, desired: Desired): void
  /** A number above every version given so far and above `floor`. */
  nextVersion(floor?: number): number
  addresses(): Record<string, Address>
  setAddress(workload: string, address: Address): void
  /** Source addresses of what a workload splices, where they are not the one it listens on. */
  sources(): Record<string, string[]>
  setSources(workload: string, sources: readonly string[]): void
  routes(): Record<string, Address>
  setRoutes(routes: Record<string, Address>): void
  unverified(): string[]
  setUnverified(links: string[]): void
  /** What the operator set apart from the defaults, as stored. */
  switches(): Partial<Switches>
  setSwitches(switches: Partial<Switches>): void
  /** Epoch of certificates by workload: those issued in an earlier one are due. Absent: 0. */
  epochs(): Record<string, number>
  setEpochs(epochs: Record<string, number>): void
  /** Serial of the certificate that each workload opened its last stream with. */
  lastSerials(): Record<string, string>
  setLastSerial(workload: string, serial: string): void
  /** Workloads that the operator lets in again, whatever became of what they held. */
  readmitted(): string[]
  setReadmitted(workloads: string[]): void
  /** Workloads of which everything was revoked: kept out until the operator lets them in again. */
  barred(): string[]
  setBarred(workloads: string[]): void
  /** The one link that is relaxed now. */
  breakGlass(): BreakGlassRow | undefined
  setBreakGlass(row: BreakGlassRow | undefined): void
  rotation(): RotationRow | undefined
  setRotation(row: RotationRow | undefined): void
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
  // a state of before has one address, not a list
  const sources = (): Record<string, string[]> => {
    const stored = JSON.parse(setting('sources') ?? '{}') as Record<string, string | string[]>
    return Object.fromEntries(Object.entries(stored).map(([name, own]) => [name, [own].flat()]))
  }
  return {
    mode: () => knownMode(setting('mode') ?? initialMode),
    setMode: mode => set('mode', mode),
    ...createRolloutRows(db),
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
    sources,
    setSources(workload, own) {
      const { [workload]: before, ...others } = sources()
      if (isDeepStrictEqual(before ?? [], own)) return
      set('sources', JSON.stringify(own.length === 0 ? others : { ...others, [workload]: own }))
    },
    routes: () => JSON.parse(setting('routes') ?? '{}'),
    setRoutes: routes => set('routes', JSON.stringify(routes)),
    unverified: () => JSON.parse(setting('unverified') ?? '[]'),
    setUnverified: links => set('unverified', JSON.stringify(links)),
    switches: () => JSON.parse(setting('switches') ?? '{}'),
    setSwitches: switches => set('switches', JSON.stringify(switches)),
    epochs: () => JSON.parse(setting('epochs') ?? '{}'),
    setEpochs: epochs => set('epochs', JSON.stringify(epochs)),
    lastSerials: () => JSON.parse(setting('last-serials') ?? '{}'),
    setLastSerial(workload, serial) {
      const before = JSON.parse(setting('last-serials') ?? '{}') as Record<string, string>
      if (before[workload] !== serial) set('last-serials', JSON.stringify({ ...before, [workload]: serial }))
    },
    readmitted: () => JSON.parse(setting('readmitted') ?? '[]'),
    setReadmitted: workloads => set('readmitted', JSON.stringify(workloads)),
    barred: () => JSON.parse(setting('barred') ?? '[]'),
    setBarred: workloads => set('barred', JSON.stringify(workloads)),
    breakGlass() {
      const row = setting('break-glass')
      return row === undefined ? undefined : (JSON.parse(row) as BreakGlassRow)
    },
    setBreakGlass(row) {
      if (row) set('break-glass', JSON.stringify(row))
      else db.run('DELETE FROM settings WHERE name = ?', 'break-glass')
    },
    rotation() {
      const row = setting('rotation')
      return row === undefined ? undefined : (JSON.parse(row) as RotationRow)
    },
    setRotation(row) {
      if (row) set('rotation', JSON.stringify(row))
      else db.run("DELETE FROM settings WHERE name = 'rotation'")
    },
    authority: () => db.get<{ state: string }>('SELECT state FROM authority')?.state,
    tokenKeys: () => setting('token-keys'),
    setTokenKeys: state => set('token-keys', state),
    setAuthority: state => {
      db.run('INSERT OR REPLACE INTO authority (one, state) VALUES (1, ?)', state)
    },
  }
}
