import { authorityKeyId } from '../../pki/key-identifiers.ts'
import type { KeyPair } from '../../services/chassis/tls-options.ts'
import type { Hop } from '../../services/modes.ts'
import type { Cause, EndName } from '../doctor/cause.ts'
import { diagnose } from '../doctor/diagnose.ts'
import { type End, type Pair, skewOf } from '../doctor/end.ts'
import { presented } from '../doctor/presented.ts'
import { certificatesIn } from '../doctor/second-opinion.ts'
import { isClients, listeningAt } from '../flows/hops.ts'
import { readUntil } from '../flows/patience.ts'
import { mark, recordsSince } from '../flows/records.ts'
import { placeOrder } from '../flows/stand-in.ts'
import { restoringWire } from '../flows/wire.ts'
import type { LabClient } from '../lab-client.ts'
import type { SecureVersion } from '../tools/outsider.ts'
import { cameFrom, freshAddress } from '../tools/source.ts'
import type { Breakage, Way } from './fault.ts'
import { createFaultyCallee } from './faulty-callee.ts'
import { callFaultily, callWithout, type FaultyCall } from './faulty-caller.ts'

/** One failure, made on purpose, and what the doctor made of it. */
export type Provoked = {
  breakage: string
  end: EndName
  link: string
  due: Pick<Cause, 'name' | 'fault'>
  /** Absent where neither end saw anything wrong. */
  cause?: Cause
  /** The doctor named what was done. */
  named: boolean
}

/** A failure that was not tried, and why it could not be. */
export type Skipped = Pick<Provoked, 'breakage' | 'end'> & { because: string }

/**
 * Makes a failure on a hop, at one of its ends, and undoes whatever that took. `publicSpeaks`: the version of
 * the public client, where it is the caller. Where it cannot, {@link whyNot} tells.
 */
export const provoke = async (
  lab: LabClient,
  hop: Hop,
  breakage: Breakage,
  end: EndName,
  publicSpeaks: SecureVersion = 'TLSv1.3',
): Promise<Provoked> => {
  const way = breakage[end]!
  const at = Date.now()
  const met = end === 'callee' ? await atCallee(lab, hop, way, publicSpeaks) : await atCaller(lab, hop, way)
  const { authorities } = await lab.lifecycle.trust()
  const pair: Pair = { ...(await known(lab, hop, met)), at, authorities }
  const cause = diagnose(pair)
  const due = way.due(hop)
  return {
    ...{ breakage: breakage.name, end, link: hop.link.id, due },
    ...(cause ? { cause } : {}),
    named: cause?.name === due.name && cause.fault === due.fault,
  }
}

type Met = Record<EndName, Omit<End, 'name'>>

/** The real caller is led to somebody who stands in for its callee. */
const atCallee = async (lab: LabClient, hop: Hop, way: Way, version: SecureVersion): Promise<Met> => {
  const { id, caller, callee } = hop.link
  const pair = way.papers ? await way.papers(lab, hop, 'callee') : await lab.credentials.stolen(callee)
  const shown = way.instead ? { instead: way.instead } : { pair: pair!, ...(way.tls ? { tls: way.tls } : {}) }
  const standIn = await createFaultyCallee(lab.standsAt, shown)
  try {
    return await restoringWire(lab, id, async () => {
      await lab.wire(id).redirect(standIn.address)
      await lab.wire(id).cut()
      const marks = isClients(hop) ? {} : await mark(lab, [caller])
      const attempt = await placeOrder(lab, isClients(hop) ? { version } : {})
      const record = isClients(hop)
        ? attempt.answered
          ? undefined
          : { side: 'client' as const, failure: attempt.failure }
        : await lostBy(lab, marks, caller, id)
      const seen = standIn.seen()
      const shows = shownBy(way, pair)
      return { caller: record ? { record } : {}, callee: { ...(seen ? { record: seen } : {}), ...shows } }
    })
  } finally {
    await standIn.close()
  }
}

/** What the end that does it shows of itself, where anybody looks; and whom it trusts, where that is part of it. */
const shownBy = (way: Way, pair: KeyPair | undefined): Omit<End, 'name'> => {
  if (way.instead || !pair) return {}
  const { chain, certificate } = presented(pair.chain)
  const top = certificatesIn(pair.chain).at(-1)
  const trust = way.belongs && top ? { trust: { version: 0, roots: [authorityKeyId(top)], crls: [] } } : {}
  return { ...(chain && certificate ? { chain, certificate } : {}), ...trust }
}

/** A caller's record of the connection it lost, or gave up. */
const lostBy = (lab: LabClient, marks: Record<string, number>, caller: string, id: string) =>
  readUntil(
    async () =>
      (await recordsSince(lab, marks))[caller]?.connections.find(
        ({ side, link, failure }) => side === 'client' && link === id && failure,
      ),
    found => found !== undefined,
    patience,
  )

/** A record of a refusal comes when its socket has closed: on a busy machine well after the refusal. */
const patience = { tries: 30, pauseMs: 20 }

/** Somebody inside comes to the real callee in the caller's place. */
const atCaller = async (lab: LabClient, hop: Hop, way: Way): Promise<Met> => {
  const { caller, callee } = hop.link
  const marks = await mark(lab, [callee])
  const address = await listeningAt(lab, callee)
  const call = { lab, hop, address, from: freshAddress(address) }
  const pair = way.papers ? await way.papers(lab, hop, 'caller') : await lab.credentials.stolen(caller)
  const made: FaultyCall = way.instead
    ? await callWithout(call, way.instead)
    : await callFaultily(call, { ...(pair ? { pair } : {}), ...(way.tls ? { tls: way.tls } : {}) })
  const own = await readUntil(
    async () => {
      const report = (await recordsSince(lab, marks))[callee]
      const own = report?.connections.filter(({ side }) => side === 'server') ?? []
      // a socket that was reset does not know any more where it came from
      const record =
        own.find(record => cameFrom(record, made)) ??
        own.find(({ remoteAddress, failure }) => remoteAddress === 'unknown' && failure)
      return { record, denied: report?.requests.find(({ connection }) => connection === record?.id)?.denied }
    },
    ({ record, denied }) => record?.failure !== undefined || denied !== undefined,
    patience,
  )
  return {
    caller: { ...(made.record ? { record: made.record } : {}), ...shownBy(way, pair) },
    callee: {
      ...(own.record ? { record: own.record } : {}),
      ...(own.denied === undefined ? {} : { denied: own.denied }),
    },
  }
}

/** What else is known of the two ends that are workloads: whom they trust, and what time they think it is. */
const known = async (lab: LabClient, { link }: Hop, met: Met): Promise<Pick<Pair, EndName>> => {
  const of = async (end: EndName): Promise<End> => {
    const name = link[end]
    if (!Object.hasOwn(lab.topology.workloads, name)) return { name, ...met[end] }
    const asked = Date.now()
    const { clock, trust } = await lab.report(name, 999_999_999_999)
    const skewMs = clock === undefined ? 0 : skewOf(clock, asked, Date.now())
    // a stand-in is nobody of the lab: what it trusts tells nothing
    const isJudge = met[end].chain === undefined
    return { name, ...(trust && isJudge ? { trust } : {}), skewMs, ...met[end] }
  }
  const [caller, callee] = await Promise.all([of('caller'), of('callee')])
  return { caller, callee }
}
