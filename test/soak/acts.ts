import { setTimeout as wait } from 'node:timers/promises'
import type { RotationSubject } from '../../services/control/certificates/rotation-steps.ts'
import { type Mode, modes } from '../../services/modes.ts'
import type { Clients } from './clients.ts'
import { heldConnection, stolen } from './extra.ts'
import type { Random } from './random.ts'
import type { Shop } from './shop.ts'

/** What an operator does to a running shop, again and again until the control plane has done it. */
export type Act = { name: string; run(place: Place): Promise<void> }

export type Place = {
  shop: Shop
  clients: Clients
  random: Random
  /** Says something again that a killed control plane may not have heard; throws what it says when it is up. */
  insist<T>(work: () => Promise<T>): Promise<T>
  /** Something a figure is kept of, ms or a count. */
  measured(name: string, value: number): void
  violated(what: string): void
}

const rotate = (what: RotationSubject): Act => ({
  name: `rotate ${what}`,
  async run({ shop, clients, insist, measured, violated }) {
    const { lifecycle } = shop.lab
    const began = performance.now()
    await insist(() => lifecycle.rotate(what, { stopAt: 'trust' }))
    await insist(clients.trustAgain)
    await insist(() => lifecycle.rotate(what, { stopAt: 'reissue' }))
    await insist(clients.renewInner)
    // A rotation whose end was not heard of is over: asked for again, it would be the next one.
    await insist(async () => {
      if (!(await rotated(shop))) await lifecycle.rotate(what)
    })
    const ended = performance.now()
    measured(`rotation of the ${what}, ms`, ended - began)
    await insist(clients.trustAgain)
    const left = async () => [...(await strangersOf(shop)), ...clients.strangers(await issuersOf(shop))]
    let strangers = await insist(left)
    while (strangers.length > 0 && performance.now() - ended < 2000) {
      await wait(50)
      strangers = await insist(left)
    }
    measured('old connections gone after distrust, ms', performance.now() - ended)
    for (const stranger of strangers) violated(`still relied on an old CA 2 s after distrust: ${stranger}`)
  },
})

const rotated = async (shop: Shop): Promise<boolean> => (await shop.lab.lifecycle.trust()).rotation === null

const issuersOf = async (shop: Shop): Promise<string[]> =>
  (await shop.lab.lifecycle.trust()).authorities.map(({ id }) => id)

const strangersOf = async (shop: Shop): Promise<string[]> => shop.members.strangers(await issuersOf(shop))

const renew: Act = {
  name: 'renew',
  async run({ shop, random, insist }) {
    const name = random.pick(Object.keys(shop.topology.workloads))
    await insist(() => shop.lab.lifecycle.renew(name))
  },
}

/** Somebody's stolen certificate: its connection must end, and no new one may come up. */
const revoke: Act = {
  name: 'revoke',
  async run({ shop, clients, insist, measured, violated }) {
    if (clients.paused()) return
    const thief = await insist(() => stolen(shop))
    const held = await heldConnection(shop, thief)
    let began = 0
    await insist(() => {
      began = performance.now()
      return shop.lab.revoke({ serial: thief.serial, reason: 'keyCompromise' })
    })
    if (await held.endedWithin(2000)) measured('live connection ended after revocation, ms', performance.now() - began)
    else violated('a revoked certificate kept its connection for 2 s')
    held.close()
    const again = await heldConnection(shop, thief).catch(() => undefined)
    if (again && !(await again.endedWithin(1000))) violated('a revoked certificate was let in again')
    again?.close()
  },
}

const switchMode: Act = {
  name: 'mode',
  async run({ shop, clients, random, insist }) {
    const { mode: now } = await insist(() => shop.lab.state())
    const mode = random.pick(modes.filter(one => one !== now)) as Mode
    await clients.pauseInner()
    await insist(() => shop.lab.switchMode(mode))
    await insist(() => shop.settled())
    await insist(clients.resumeInnerWhere)
  },
}

const breakGlass: Act = {
  name: 'break-glass',
  async run({ shop, insist }) {
    const { hops } = await insist(() => shop.lab.state())
    const link = hops.find(
      ({ transport, spliced, link }) => transport !== 'plaintext' && !spliced && !link.startsWith('client:'),
    )
    if (!link) return
    const { lifecycle } = shop.lab
    await insist(async () => {
      if (!(await shop.lab.state()).breakGlass) await lifecycle.breakGlass({ link: link.link, forS: 2, reason: 'soak' })
    })
    await wait(2500)
    await insist(() => shop.settled())
  },
}

/** One round of a soak, in no order yet: what it wears out is what runs for a year. */
export const deck: readonly Act[] = [
  rotate('root'),
  rotate('intermediate'),
  ...Array.from({ length: 3 }, () => renew),
  ...Array.from({ length: 2 }, () => revoke),
  ...Array.from({ length: 3 }, () => switchMode),
  breakGlass,
  { name: 'nothing', run: () => wait(1000) },
]
