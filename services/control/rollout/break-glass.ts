import { randomUUID } from 'node:crypto'
import type { Transport } from '../../chassis/transport.ts'
import { hopsOf } from '../../hops.ts'
import { client, type Topology } from '../../topology/topology.ts'
import type { Fleet } from '../fleet.ts'
import type { Store } from '../state/store.ts'
import { active, noneActive, notRelaxable, notWeaker, rolloutFirst, rotationFirst } from './break-glass-problems.ts'
import { type BreakGlass, type BreakGlassRow, calleeGraceMs, type EndedBy } from './break-glass-state.ts'
import type { Publisher } from './publisher.ts'

/** What an operator asks for. `forS`: seconds, 1 to 3600. */
export type BreakGlassWish = { link: string; forS: number; reason: string; transport: Transport }

/** Strictness relaxed on one link, for a while, with a reason, on the record, restored by itself (claim L11). */
export type BreakGlassRoom = {
  /**
   * Relaxes a link of the present mode. Stored and audited before anybody is told. `acknowledged`: both ends said that
   * they do it; one that cannot be reached does not keep the other waiting for long.
   * Throws `break-glass-active` (one link at a time), `break-glass-link` (no link between two workloads of this mode),
   * `break-glass-not-weaker`, and `rollout-in-progress` or `rotation-in-progress`: what both would be told at once could
   * not be taken back on its own.
   */
  begin(wish: BreakGlassWish): Promise<BreakGlass & { acknowledged: boolean }>
  /** Ends it before its time. Resolves when both ends went back or, who cannot be reached, will by himself. Throws `no-break-glass`. */
  end(): Promise<void>
  /** What is relaxed now, with the time left in ms. */
  now(): (BreakGlass & { leftMs: number }) | undefined
  /** Throws `break-glass-active` while there is one: a mode is not left while a link of it goes another way. */
  forbid(): void
  /** After a restart: goes on until its time is over, or ends at once what is over. */
  resume(): void
  close(): void
}

type Parts = {
  topology: Topology
  store: Store
  fleet: Fleet
  publisher: Publisher
  clock: () => number
}

/** From weak to strong. */
const strength: readonly Transport[] = ['plaintext', 'tls', 'mtls']

/** So long is waited for one end, which may be what is broken. */
const patienceMs = 1_000

export const createBreakGlass = ({ topology, store, fleet, publisher, clock }: Parts): BreakGlassRoom => {
  const { intent, audit } = store
  let timer: NodeJS.Timeout | undefined
  let closing: Promise<void> | undefined
  const closed = new AbortController()

  const isStill = ({ id, phase }: BreakGlassRow): boolean => {
    const row = intent.breakGlass()
    return row?.id === id && row.phase === phase
  }

  /** Resolves to whether a workload did what it was last told, within `ms`; connections of before gone, where asked. */
  const did = (name: string, ms: number, drained = false): Promise<boolean> => {
    const done = () => {
      const ack = fleet.acked(name)
      return ack?.ok === true && ack.version >= publisher.version(name) && (!drained || ack.drained)
    }
    const patience = AbortSignal.any([closed.signal, AbortSignal.timeout(Math.max(0, ms))])
    return fleet.until(done, patience).then(
      () => true,
      () => false,
    )
  }

  const finish = (row: BreakGlassRow, by: EndedBy): void => {
    const { id, link, until } = row
    publisher.publish(() => {
      intent.setBreakGlass(undefined)
      const who = by === 'operator' ? 'operator' : 'control'
      audit.note({ who, action: 'break-glass-end', target: link, detail: { id, by, until: iso(until) } })
    })
  }

  const takeBack = async (row: BreakGlassRow, by: EndedBy): Promise<void> => {
    clearTimeout(timer)
    const ending = { ...row, phase: 'closing' as const, by }
    const [caller = '', callee = ''] = row.link.split(':')
    publisher.publish(() => intent.setBreakGlass(ending))
    await did(caller, Math.min(patienceMs, row.until + calleeGraceMs - clock()), true)
    if (closed.signal.aborted || !isStill(ending)) return
    finish(ending, by)
    await did(callee, patienceMs, true)
  }

  const close = (row: BreakGlassRow, by: EndedBy): Promise<void> => {
    closing ??= takeBack(row, by).finally(() => {
      closing = undefined
    })
    return closing
  }

  const endInTime = (row: BreakGlassRow): void => {
    timer = setTimeout(() => void close(row, 'itself').catch(() => {}), Math.max(0, row.until - clock()))
    timer.unref()
  }

  const forbid = (): void => {
    const row = intent.breakGlass()
    if (row) throw active(row)
  }

  return {
    forbid,
    async begin({ link, forS, reason, transport }) {
      const rollout = intent.rollout()
      if (rollout) throw rolloutFirst(rollout)
      const rotation = intent.rotation()
      if (rotation) throw rotationFirst(rotation)
      forbid()
      const hop = hopsOf(topology, intent.mode()).find(({ link: { id } }) => id === link)
      if (!hop || hop.spliced || hop.link.caller === client || hop.transport === 'plaintext')
        throw notRelaxable(link, relaxable(topology, intent.mode()))
      if (strength.indexOf(transport) >= strength.indexOf(hop.transport)) throw notWeaker(hop.transport, transport)
      const at = clock()
      const glass: BreakGlass = { id: randomUUID(), link, transport, reason, at, until: at + forS * 1000 }
      const { id, until } = glass
      const opening: BreakGlassRow = { ...glass, phase: 'opening' }
      publisher.publish(() => {
        intent.setBreakGlass(opening)
        const detail = { id, from: hop.transport, to: transport, until: iso(until), reason }
        audit.note({ who: 'operator', action: 'break-glass', target: link, detail })
      })
      endInTime(opening)
      const patience = () => Math.min(patienceMs, until - clock())
      const takes = await did(hop.link.callee, patience())
      if (!isStill(opening)) return { ...glass, acknowledged: false }
      publisher.publish(() => intent.setBreakGlass({ ...glass, phase: 'open' }))
      const sends = await did(hop.link.caller, patience())
      return { ...glass, acknowledged: takes && sends }
    },
    async end() {
      const row = intent.breakGlass()
      if (!row) throw noneActive()
      await close(row, 'operator')
    },
    now() {
      const row = intent.breakGlass()
      if (!row) return undefined
      const { id, link, transport, reason, at, until } = row
      return { id, link, transport, reason, at, until, leftMs: Math.max(0, until - clock()) }
    },
    resume() {
      const row = intent.breakGlass()
      if (!row) return
      const by = row.phase === 'closing' ? row.by : 'itself'
      // nobody can have been kept by it any longer, so there is nobody to wait for
      if (clock() >= row.until + calleeGraceMs) finish(row, by)
      else if (row.phase === 'closing') void close(row, by).catch(() => {})
      else {
        endInTime(row)
        if (row.phase === 'opening') publisher.publish(() => intent.setBreakGlass({ ...row, phase: 'open' }))
      }
    },
    close() {
      clearTimeout(timer)
      closed.abort()
    },
  }
}

/** Links of a mode that can be relaxed: between two workloads, and not plaintext already. */
const relaxable = (topology: Topology, mode: Parameters<typeof hopsOf>[1]): string[] =>
  hopsOf(topology, mode)
    .filter(({ link, spliced, transport }) => !spliced && link.caller !== client && transport !== 'plaintext')
    .map(({ link }) => link.id)

const iso = (at: number): string => new Date(at).toISOString()
