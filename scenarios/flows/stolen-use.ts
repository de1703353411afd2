import type { KeyPair } from '../../services/chassis/tls-options.ts'
import type { Hop } from '../../services/modes.ts'
import type { LabClient } from '../lab-client.ts'
import { holdConnection } from '../tools/held-connection.ts'
import { idOf } from './hops.ts'
import { callAsCaller, callFromInside, type InsiderOutcome } from './insider-call.ts'

/** One stolen credential in use on one hop, before and after the operator revoked it. */
export type StolenUse = {
  before: { live: InsiderOutcome; fresh: InsiderOutcome }
  after: { live: InsiderOutcome; fresh: InsiderOutcome; resumed: InsiderOutcome }
  /** Session tickets the callee gave to the thief. */
  tickets: number
  /** Milliseconds after the operator's word: when the live connection was cut, and by when a new one was refused. */
  cutAfterMs?: number
  refusedWithinMs: number
  /** By when what he took up again of his earlier session was refused. */
  resumedWithinMs: number
  /** The same call afterwards by the real caller, with a certificate of its own. */
  genuine: InsiderOutcome
}

/** A thief at work. He goes on after the operator said, at `revokedAt` of `performance.now()`, that he should not. */
export type Thief = { goOn(revokedAt: number): Promise<StolenUse>; close(): void }

/** Calls as the hop's caller from elsewhere, with what was stolen: once on a connection to be kept, once on another. */
export const beThief = async (lab: LabClient, hop: Hop, pair: KeyPair): Promise<Thief> => {
  const { caller } = hop.link
  const guise = { pair, statedCaller: idOf(lab.topology, caller) }
  const held = holdConnection(hop.transport !== 'plaintext')
  const tickets: Buffer[] = []
  const keeping = { ...guise, agent: held.agent, onTicket: (ticket: Buffer) => void tickets.push(ticket) }
  const call = (what: string, how: Parameters<typeof callFromInside>[3]) => callFromInside(lab, hop, what, how)
  const live = await call('the thief, on a connection he keeps', keeping)
  const fresh = await call('the thief, on another connection', guise)
  const same = {
    ...(live.connection ? { connection: live.connection.id } : {}),
    ...(live.attempt.from === undefined ? {} : { from: live.attempt.from }),
  }
  return {
    // Each call begins with a question to the callee, which hears of the revocation before it hears that.
    async goOn(revokedAt) {
      const freshAfter = await call('revoked, on a new connection', guise)
      const refusedWithinMs = performance.now() - revokedAt
      const liveAfter = await call('revoked, on the connection he kept', { ...keeping, ...same })
      const [session] = tickets
      const resumed = await call('revoked, in his earlier session', { ...guise, ...(session ? { session } : {}) })
      const resumedWithinMs = performance.now() - revokedAt
      const endedAt = held.endedAt()
      return {
        before: { live, fresh },
        after: { live: liveAfter, fresh: freshAfter, resumed },
        tickets: tickets.length,
        ...(endedAt === undefined ? {} : { cutAfterMs: endedAt - revokedAt }),
        ...{ refusedWithinMs, resumedWithinMs },
        genuine: await callAsCaller(lab, hop),
      }
    },
    close: held.close,
  }
}
