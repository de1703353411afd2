import type { Logger } from 'pino'
import { HopError } from '../../../pki/error.ts'
import type { Mode } from '../../modes.ts'
import type { Topology } from '../../topology/topology.ts'
import { type Audit, createAudit } from './audit.ts'
import { openDatabase } from './database.ts'
import { createIntent, type Intent } from './intent.ts'
import { createJoinTokens, type JoinTokens } from './join-tokens.ts'
import { createLedger, type Ledger } from './ledger.ts'

/** The control plane's memory: everything that must survive kill -9, in one file. */
export type Store = {
  ledger: Ledger
  tokens: JoinTokens
  intent: Intent
  audit: Audit
  /** All of `work`'s changes, or none; on disk when it returns. */
  transaction<T>(work: () => T): T
  /** See `Database`. */
  scrub(): void
  close(): void
}

type StoreOptions = {
  stateDir: string
  topology: Topology
  initialMode: Mode
  clock: () => number
  log: Logger
  joinTokenMs: number
}

/** Opens or makes the state. Throws what {@link openDatabase} throws, and `state-other-topology`. */
export const openStore = ({ stateDir, topology, initialMode, clock, log, joinTokenMs }: StoreOptions): Store => {
  const db = openDatabase(stateDir)
  try {
    const remembered = db.get<{ value: string }>("SELECT value FROM settings WHERE name = 'topology'")?.value
    const given = `${topology.name} in ${topology.trustDomain}`
    if (remembered !== undefined && remembered !== given)
      throw new HopError('state-other-topology', {
        field: `topology of ${stateDir}`,
        expected: remembered,
        found: given,
        remedy: 'Use another state directory for another topology, or remove this one',
      })
    const intent = createIntent(db, initialMode)
    db.transaction(() => {
      db.run("INSERT OR REPLACE INTO settings (name, value) VALUES ('topology', ?)", given)
      intent.setMode(intent.mode())
    })
    return {
      ledger: createLedger(db),
      tokens: createJoinTokens(db, clock, joinTokenMs),
      intent,
      audit: createAudit(db, clock, log),
      transaction: work => db.transaction(work),
      scrub: db.scrub,
      close: () => db.close(),
    }
  } catch (error) {
    db.close()
    throw error
  }
}
