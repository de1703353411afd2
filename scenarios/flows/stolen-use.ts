import type { KeyPair } from '../../services/chassis/tls-options.ts'
import type { Hop } from '../../services/modes.ts'
import type { LabClient } from '../lab-client.ts'
import type { Evidence } from '../scenario.ts'
import { holdConnection } from '../tools/held-connection.ts'
import { count } from './evidence.ts'
import { idOf } from './hops.ts'
import { callAsCaller, callFromInside, type InsiderOutcome, wasServed } from './insider-call.ts'

/** One stolen credential in use on one hop, before and after it should have come to its end. */
export type StolenUse = {
  before: { live: InsiderOutcome; fresh: InsiderOutcome }
  after: { live: InsiderOutcome; fresh: InsiderOutcome; resumed: InsiderOutcome }
  /** Session tickets the callee gave to the thief. */
  tickets: number
  /** Milliseconds until each was refused, the live connection cut; absent where it never was. */
  stoppedAfterMs: { fresh?: number; resumed?: number; live?: number }
  /** The same call afterwards by the real caller, with a certificate of its own. */
  genuine: InsiderOutcome
}

/** What should end it: since when (`performance.now()`), and whether it can be taken for done. */
export type Ending = { since: number; isDue(): boolean }

/** A thief at work. He goes on until he is refused, or the ending is due and he is still served; `callAnew`: once more. */
export type Thief = {
  callAnew(what: string): Promise<InsiderOutcome>
  goOn(ending: Ending): Promise<StolenUse>
  close(): void
}

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
    callAnew: what => call(what, guise),
    async goOn(ending) {
      const [session] = tickets
      const [freshAfter, resumed] = await Promise.all([
        untilRefused(ending, () => call('afterwards, on a new connection', guise)),
        untilRefused(ending, () =>
          call('afterwards, in his earlier session', { ...guise, ...(session ? { session } : {}) }),
        ),
      ])
      // whoever refuses a new one is about to cut the old one too
      if (freshAfter.ms !== undefined) await held.ended(cutWithinMs)
      const liveAfter = await call('afterwards, on the connection he kept', { ...keeping, ...same })
      const endedAt = held.endedAt()
      return {
        before: { live, fresh },
        after: { live: liveAfter, fresh: freshAfter.outcome, resumed: resumed.outcome },
        tickets: tickets.length,
        stoppedAfterMs: {
          ...(freshAfter.ms === undefined ? {} : { fresh: freshAfter.ms }),
          ...(resumed.ms === undefined ? {} : { resumed: resumed.ms }),
          ...(endedAt === undefined ? {} : { live: Math.max(0, endedAt - ending.since) }),
        },
        genuine: await callAsCaller(lab, hop),
      }
    },
    close: held.close,
  }
}

const cutWithinMs = 500

/**
 * Tries again and again; the last outcome, and after how long none got anywhere any more. A refusal that left no record
 * is tried once more for its cause.
 */
const untilRefused = async ({ since, isDue }: Ending, call: () => Promise<InsiderOutcome>) => {
  let ms: number | undefined
  for (;;) {
    const due = isDue()
    const outcome = await call()
    if (outcome.request) {
      if (due) return { outcome }
    } else if (ms !== undefined || outcome.refusal) return { outcome, ms: ms ?? performance.now() - since }
    else ms = performance.now() - since
  }
}

/** On which ways the callee went on serving the thief. */
export const stillServed = (hop: Hop, { after }: StolenUse): string[] => [
  ...(wasServed(hop, after.fresh) ? ['new connections'] : []),
  ...(wasServed(hop, after.live) ? ['the one he kept'] : []),
  ...(wasServed(hop, after.resumed) && after.resumed.connection?.resumed ? ['resumed sessions'] : []),
]

/** Did the callee refuse every new try for this reason, and was the open connection cut? */
export const stoppedBecause = (failure: string, { after, stoppedAfterMs }: StolenUse): boolean => {
  const refused = ({ request, refusal }: InsiderOutcome) => !request && refusal?.failure?.name === failure
  return refused(after.fresh) && refused(after.resumed) && !after.live.request && stoppedAfterMs.live !== undefined
}

/** Was the credential good for something before, and is the real caller's own after? */
export const wasWorthStealing = (hop: Hop, { before, genuine }: StolenUse): boolean =>
  [before.live, before.fresh, genuine].every(outcome => wasServed(hop, outcome))

/** What each of them got, before and after, and how long it took; `from` is what it is counted from. */
export const evidenceOf = ({ link: { callee } }: Hop, use: StolenUse, from: string): Evidence[] => {
  const { before, after, tickets, stoppedAfterMs: ms } = use
  const time = (title: string, after: number | undefined) =>
    after === undefined ? [] : [count(`milliseconds from ${from} until ${title}`, callee, Math.round(after))]
  return [
    ...[before.live, before.fresh].flatMap(({ evidence }) => evidence.slice(1)),
    ...time('a new connection had been refused', ms.fresh),
    ...time('his earlier session had been refused', ms.resumed),
    ...time('the live connection was cut', ms.live),
    count('session tickets the thief held', callee, tickets),
    ...[after.live, after.fresh, after.resumed].flatMap(({ evidence }) => evidence),
  ]
}
