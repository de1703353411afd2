import { isDeepStrictEqual } from 'node:util'
import type { Authority, RevokedBy } from '../../../pki/authority.ts'
import type { RevocationSettings } from '../rollout/switches.ts'
import type { Ledger, Revoked } from '../state/ledger.ts'

/** The one place that makes CRLs: one for each CA in a chain, all under one number (RFC 5280, 5.2.3). */
export type CrlPublication = {
  /** Number of what is given out now; it grows with each {@link CrlPublication.renew}. */
  number(): number
  /** What is given out, as the switch `revocation` has it: PEM, one list an item. */
  lists(): string[]
  /** Serials of which whoever is given the lists is told; those that stay known where no list is made any more. */
  revoked(): string[]
  /**
   * The control plane's own: whole and fresh, whatever is given out. It has the ledger, and a list that is missing
   * outside must not close the one door through which the next one leaves.
   */
  own(): string[]
  /**
   * Makes them anew. Nobody is told: that is the trust publisher's. `scheduled`: because the old ones would run out, not
   * because something happened.
   */
  renew(how?: { scheduled: boolean }): void
  /** A number somebody holds from a state now lost: the next one is above it. True where that is ahead of what is given out. */
  seen(number: number): boolean
  /** Milliseconds between scheduled renewals, as the switch stands. */
  everyMs(): number
  /** Milliseconds until the next of them, by the clock; zero or less: it is due. */
  dueInMs(): number
}

type Options = {
  authority: Pick<Authority, 'crls' | 'cas' | 'generations'>
  ledger: Pick<Ledger, 'revoked' | 'nextCrlNumber' | 'crlScheduledAt' | 'setCrlScheduledAt' | 'keptLists' | 'keepLists'>
  settings: () => RevocationSettings
  clock: () => number
  /** Of a list where the switch does not say. */
  lifetimeMs: number
}

type Given = { number: number; lists: string[]; revoked: string[]; under?: RevocationSettings }

/**
 * As it is kept over a restart, which changes nothing for anybody. `own` only where it differs. What it was made from: the
 * CAs, and every serial that was revoked then; `at` (ms): when.
 */
type Kept = Given & { own?: string[]; at: number; cas: unknown; known: string[] }

/** Far above what honest use reaches: nobody can use the numbers up by claiming the last. */
const mostSeen = 1e11

export const createCrlPublication = ({ authority, ledger, settings, clock, lifetimeMs }: Options): CrlPublication => {
  let own: string[] = []
  let given: Given = { number: 0, lists: [], revoked: [] }
  let madeAt = clock()
  let floor = 0

  const lifetimeOf = ({ lifetimeS }: RevocationSettings): number =>
    lifetimeS === undefined ? lifetimeMs : Math.round(clock() / 1000 + lifetimeS) * 1000 - clock()

  /** Whoever stops making lists has nothing new to say either: the serials stay those that were known. */
  const next = (under: RevocationSettings, revoked: RevokedBy[], number: number): Given => {
    const serials = revoked.map(({ serial }) => serial)
    if (under.lists === 'withheld')
      return { number, lists: [], revoked: given.under === undefined ? serials : given.revoked, under }
    if (under.lists === 'left-to-expire' && sameLists(under, given.under)) return { ...given, number, under }
    const lists = authority.crls({ revoked, number, lifetimeMs: lifetimeOf(under) })
    return { number, lists, revoked: serials, under }
  }

  /** Nothing is made twice that is the same: a list can be long. */
  const isWhole = ({ under }: Given): boolean =>
    under?.lists === 'renewed' && under.lifetimeS === undefined && authority.cas().every(({ trusted }) => trusted)

  // An entry stays until one scheduled list made after the certificate's end had it (RFC 5280, 3.3).
  const due = () => ledger.revoked(ledger.crlScheduledAt())

  const renew: CrlPublication['renew'] = ({ scheduled } = { scheduled: false }) => {
    const revoked = due().map(withIssuer)
    const number = ledger.nextCrlNumber(floor)
    given = next(settings(), revoked, number)
    const whole = isWhole(given)
    own = whole ? given.lists : authority.crls({ revoked, number, lifetimeMs, of: 'all' })
    madeAt = clock()
    if (scheduled && given.under?.lists === 'renewed') ledger.setCrlScheduledAt(madeAt)
    const known = revoked.map(({ serial }) => serial)
    const kept: Kept = { ...given, ...(whole ? {} : { own }), at: madeAt, cas: madeFrom(), known }
    ledger.keepLists(JSON.stringify(kept))
  }

  const madeFrom = () => ({ cas: authority.cas(), generations: authority.generations() })

  const everyMs = () => {
    const { lists, lifetimeS } = settings()
    return (lists === 'renewed' && lifetimeS !== undefined ? Math.min(lifetimeS * 1000, lifetimeMs) : lifetimeMs) / 3
  }
  const dueInMs = () => madeAt + everyMs() - clock()

  /** Goes on with what was given out before a restart. False where it would not be given out now. */
  const goOn = (): boolean => {
    const text = ledger.keptLists()
    if (text === undefined) return false
    const { own: whole, at, cas, known, ...before } = JSON.parse(text) as Kept
    given = before
    own = whole ?? before.lists
    madeAt = at
    const covered = new Set(known)
    return (
      at <= clock() &&
      dueInMs() > 0 &&
      isDeepStrictEqual(before.under, settings()) &&
      isDeepStrictEqual(cas, madeFrom()) &&
      due().every(({ serial }) => covered.has(serial))
    )
  }

  if (!goOn()) renew()
  return {
    number: () => given.number,
    lists: () => given.lists,
    revoked: () => given.revoked,
    own: () => own,
    renew,
    seen(number) {
      if (number <= given.number || number > mostSeen) return false
      floor = number
      return true
    },
    everyMs,
    dueInMs,
  }
}

const sameLists = (a: RevocationSettings, b: RevocationSettings | undefined): boolean =>
  a.lists === b?.lists && a.lifetimeS === b.lifetimeS

const withIssuer = ({ serial, at, reason, issuer }: Revoked): RevokedBy => ({ serial, at, reason, issuer })
