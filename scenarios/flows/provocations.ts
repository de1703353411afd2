import { entryOf } from '../../services/hops.ts'
import type { Hop, Mode } from '../../services/modes.ts'
import type { Topology } from '../../services/topology/topology.ts'
import type { LabClient } from '../lab-client.ts'
import type { Attempt } from '../tools/attempt.ts'
import { createImpostor } from '../tools/impostor.ts'
import { type AlertWatch, isAt, type Moment, type Provocation } from './alert-watch.ts'
import { isInner } from './hops.ts'
import { leaveToExpire, lookAfter, orderUntilItFails } from './left-to-expire.ts'
import { readUntil } from './patience.ts'
import { placeOrder } from './stand-in.ts'
import { whileSwitched } from './switched.ts'
import { restoringWire } from './wire.ts'

/** Where each thing goes wrong: a different workload for each, as far as there are so many. */
export type Places = { entry: string; untold: string; clock: string; hop: Hop }

/** What came of letting certificates run out: an order after the alert, and the first one that failed. */
export type RanOut = { inTime: Attempt; failed: Attempt }

/** What came of an impostor: what the customer got, and what the impostor did. */
export type Impersonated = { attempt: Attempt; connections: number; served: number }

/** The first hop between workloads. */
export const firstInner = (hops: readonly Hop[]): Hop | undefined => hops.find(isInner)

export const placesIn = (topology: Topology, mode: Mode, hops: readonly Hop[]): Places => {
  const entry = entryOf(topology, mode)
  const others = Object.keys(topology.workloads).filter(name => name !== entry)
  const untold = others.at(-1) ?? entry
  return { entry, untold, clock: others.at(-2) ?? untold, hop: firstInner(hops)! }
}

/** What goes wrong, and what it deserves. */
export const provocationsAt = ({ entry, untold, clock, hop: { link } }: Places) =>
  ({
    expiry: {
      what: `the certificates of ${entry} run out`,
      deserves: [
        { alert: 'RenewalOff', where: entry },
        { alert: 'CertificateExpiresSoon', where: entry },
      ],
      // after the end, when it cannot report any more
      may: [
        { alert: 'CertificateExpired', where: entry },
        { alert: 'WorkloadAway', where: entry },
      ],
    },
    trust: { what: `trust is withheld from ${untold}`, deserves: [{ alert: 'TrustBehind', where: untold }] },
    impostor: {
      what: `an impostor answers on ${link.id}`,
      deserves: [{ alert: 'HandshakeFailures', where: link.id }],
    },
    clock: { what: `the clock of ${clock} is off`, deserves: [{ alert: 'ClockSkew', where: clock }] },
  }) as const satisfies Record<string, Provocation>

/** The alert comes when seven tenths of a life have passed; an order has to fit into what is left, ms. */
const alertRoomMs = 600

/** Withholds trust and lets certificates run out: both take their time, so they go together. */
export const runOutAndWithhold = (lab: LabClient, watch: AlertWatch, places: Places): Promise<RanOut> => {
  const { expiry, trust } = provocationsAt(places)
  const runOut = async (): Promise<RanOut> => {
    try {
      const inTime = await leaveToExpire(
        lab,
        [places.entry],
        async end => {
          // the slower the machine, the longer certificates last, and the later they are due
          await watch.until([expiry, trust], [expiry], end - Date.now())
          return placeOrder(lab)
        },
        alertRoomMs,
      )
      return { inTime, failed: await orderUntilItFails(lab) }
    } finally {
      await lookAfter(lab, places.entry)
    }
  }
  return whileSwitched(
    lab,
    'trustWithheld',
    names => [...names, places.untold],
    async () => {
      const ran = await runOut()
      // an order may have been under way at the end, and refused within
      const touched = lab.topology.links.filter(({ caller, callee }) => [caller, callee].includes(places.entry))
      await untilMended(lab, watch, expiry, touched, [trust])
      await watch.until([trust])
      return ran
    },
  )
}

/** Stands in for a callee, with a certificate of his own CA where the link wants one; then an order goes the right way. */
export const impersonate = async (lab: LabClient, watch: AlertWatch, places: Places): Promise<Impersonated> => {
  const impersonated = await standIn(lab, watch, places)
  await untilMended(lab, watch, provocationsAt(places).impostor, [places.hop.link])
  await watch.until([])
  return impersonated
}

/**
 * A link counts as failing until somebody is let in on it again. Orders until no alert of what was mended fires; what still
 * fires after that does so for no reason.
 */
const untilMended = (
  lab: LabClient,
  watch: AlertWatch,
  { what, deserves, may = [] }: Provocation,
  touched: readonly { id: string }[],
  still: readonly Provocation[] = [],
): Promise<Moment> => {
  const failed = touched.map(({ id }) => ({ alert: 'HandshakeFailures', where: id }) as const)
  const aftermath = { what: `${what}; mended`, deserves: [], may: [...deserves, ...may, ...failed] }
  return readUntil(
    async () => {
      await placeOrder(lab)
      return watch.look([...still, aftermath])
    },
    ({ firing }) => !firing.some(fired => aftermath.may.some(isAt(fired))),
    { tries: 40, pauseMs: 25 },
  )
}

const standIn = async (lab: LabClient, watch: AlertWatch, places: Places): Promise<Impersonated> => {
  const { link, transport } = places.hop
  const impostor = await createImpostor(
    lab.standsAt,
    transport === 'plaintext' ? undefined : lab.credentials.foreign(link.callee),
  )
  try {
    return await restoringWire(lab, link.id, async () => {
      await lab.wire(link.id).redirect(impostor.address)
      await lab.wire(link.id).cut()
      const attempt = await placeOrder(lab)
      await watch.look([provocationsAt(places).impostor])
      return { attempt, connections: impostor.connections(), served: impostor.requests().length }
    })
  } finally {
    await impostor.close()
  }
}

/** Sets one workload's clock two minutes ahead: too little for any certificate of theirs to end. */
export const setClockOff = (lab: LabClient, watch: AlertWatch, places: Places): Promise<unknown> =>
  whileSwitched(
    lab,
    'clocks',
    clocks => ({ ...clocks, [places.clock]: 120 }),
    () => watch.until([provocationsAt(places).clock]),
  )
