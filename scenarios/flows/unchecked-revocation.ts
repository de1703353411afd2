import type { ConnectionRecord } from '../../services/chassis/observation.ts'
import type { KeyPair } from '../../services/chassis/tls-options.ts'
import type { RevocationSettings } from '../../services/control/rollout/switches.ts'
import type { Hop } from '../../services/modes.ts'
import type { LabClient } from '../lab-client.ts'
import type { Attempt } from '../tools/attempt.ts'
import { succeeded } from './evidence.ts'
import { idOf, isInner } from './hops.ts'
import { callAsCaller, callFromInside, type InsiderOutcome } from './insider-call.ts'
import { readUntil, untilAfter } from './patience.ts'
import { mark, recordsSince, reportsNow } from './records.ts'
import { placeOrder } from './stand-in.ts'
import { freshWire } from './wire.ts'

/** New connections everywhere: a customer's order, why callers refused callees, and the real caller at every callee. */
export type Round = { order: Attempt; refused: ConnectionRecord[]; callees: { hop: Hop; outcome: InsiderOutcome }[] }

/** A lab without usable lists, and what becomes of who was revoked before (`known`) and since (`unknown`). */
export type UncheckedRevocation = {
  before: Round
  /** Under hard-fail, the lists past their nextUpdate; then none at all. */
  stale?: Round
  missing: Round
  /** Under soft-fail with the same stale lists, or none. */
  soft: Round & { known: InsiderOutcome[]; unknown: InsiderOutcome[] }
  /** Lists as usual again. */
  after: Round & { unknown: InsiderOutcome[] }
}

/** Between workloads, with a certificate that somebody checks. */
export const isChecked = (hop: Hop): boolean => isInner(hop) && hop.transport !== 'plaintext'
const isMutual = (hop: Hop): boolean => isInner(hop) && hop.transport === 'mtls'

/** Takes the lab through all of it, and back. What nobody checks is not waited for. */
export const withoutLists = async (lab: LabClient, hops: readonly Hop[]): Promise<UncheckedRevocation> => {
  const { revocation: usual } = await lab.switches()
  const set = (settings: RevocationSettings) => lab.setSwitch('revocation', settings)
  const mutual = hops.filter(isMutual)
  const callers = [...new Set(mutual.map(({ link }) => link.caller))]
  const steal = async () =>
    new Map(await Promise.all(callers.map(async name => [name, await lab.credentials.stolenAnew(name)] as const)))
  const known = await steal()
  const unknown = await steal()
  const tryWith = (pairs: Map<string, KeyPair>, what: string) =>
    Promise.all(
      mutual.map(hop => {
        const { caller } = hop.link
        return callFromInside(lab, hop, what, { pair: pairs.get(caller)!, statedCaller: idOf(lab.topology, caller) })
      }),
    )
  await lab.credentials.revoke(...known.values())
  const before = await connectAnew(lab, hops)
  try {
    const stale = hops.some(isChecked) ? await untilStale(lab, hops) : undefined
    await set({ ...leftToExpire, failure: 'soft-fail' })
    await lab.credentials.revoke(...unknown.values())
    const soft = {
      ...(await connectAnew(lab, hops)),
      known: await tryWith(known, 'soft-fail, revoked before the lists stopped'),
      unknown: await tryWith(unknown, 'soft-fail, revoked since the lists stopped'),
    }
    await set({ lists: 'withheld', failure: 'hard-fail' })
    const missing = await connectAnew(lab, hops)
    await set(usual)
    const after = {
      ...(await connectAnew(lab, hops)),
      unknown: await tryWith(unknown, 'with lists again, revoked meanwhile'),
    }
    return { before, ...(stale && { stale }), missing, soft, after }
  } finally {
    await set(usual)
  }
}

const leftToExpire = { lists: 'left-to-expire', lifetimeS: 1 } as const

const untilStale = async (lab: LabClient, hops: readonly Hop[]): Promise<Round> => {
  await lab.setSwitch('revocation', { ...leftToExpire, failure: 'hard-fail' })
  const held = Object.values(await reportsNow(lab)).flatMap(({ trust }) => trust?.crls ?? [])
  const last = Math.max(...held.map(({ nextUpdate }) => Date.parse(nextUpdate)))
  await untilAfter(last + staleByMs)
  return connectAnew(lab, hops)
}

/** OpenSSL compares whole seconds. */
const staleByMs = 10

const connectAnew = async (lab: LabClient, hops: readonly Hop[]): Promise<Round> => {
  const checked = hops.filter(isChecked)
  const callers = [...new Set(checked.map(({ link }) => link.caller))]
  await freshWire(
    lab,
    checked.map(({ link }) => link.id),
  )
  const marks = await mark(lab, callers)
  const order = await placeOrder(lab)
  const links = new Set(checked.map(({ link }) => link.id))
  const refused = await readUntil(
    async () =>
      Object.values(await recordsSince(lab, marks))
        .flatMap(({ connections }) => connections)
        .filter(({ side, link, failure }) => side === 'client' && failure && links.has(link ?? '')),
    found => found.length > 0 || succeeded(order),
  )
  return {
    order,
    refused,
    callees: await Promise.all(
      hops.filter(isMutual).map(async hop => ({ hop, outcome: await callAsCaller(lab, hop) })),
    ),
  }
}
