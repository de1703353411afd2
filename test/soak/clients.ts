import { type InnerLoad, startInnerLoad } from './inner-load.ts'
import type { Peers } from './peers.ts'
import { startPublicLoad } from './public-load.ts'
import type { Shop } from './shop.ts'
import type { Tally } from './tally.ts'

/** Everybody who asks anything of the shop while it lives through its year. */
export type Clients = {
  /** Learns whom to trust anew: between the trust and the reissue of a rotation, and at its end. */
  trustAgain(): Promise<void>
  /** Proves itself by a certificate of the CA of now. */
  renewInner(): Promise<void>
  /** Before a mode in which payments may take no mTLS, and after it where it does. */
  pauseInner(): Promise<void>
  resumeInnerWhere(): Promise<void>
  paused(): boolean
  /** Open connections whose callee none of these CAs vouches for. */
  strangers(issuers: readonly string[]): string[]
  serials(): string[]
  stop(): Promise<void>
}

export type Crowd = { kept: number; fresh: number; inner: number; orderEvery: number }

/** `peers`: who is watched in this process. */
export const startClients = async (shop: Shop, tally: Tally, crowd: Crowd, peers: Peers): Promise<Clients> => {
  const { lab, members, topology } = shop
  const { bundle } = await lab.state()
  const publicLoad = startPublicLoad({
    ...{ topology, tally, bundle, kept: crowd.kept, fresh: crowd.fresh, orderEvery: crowd.orderEvery },
    edge: members.addresses[topology.ingress.edge]!,
  })
  const inner: InnerLoad = await startInnerLoad({
    ...{ topology, tally, bundle, workers: crowd.inner, payments: members.addresses.payments! },
    control: lab.access.control,
    joinToken: await lab.joinToken('orders', 'a soak'),
  })
  let paused = true
  const clients: Clients = {
    async trustAgain() {
      const { bundle } = await lab.state()
      inner.trust(bundle)
      await publicLoad.trust(bundle)
    },
    renewInner: inner.renew,
    async pauseInner() {
      paused = true
      await inner.pause()
    },
    async resumeInnerWhere() {
      const { hops } = await lab.state()
      if (hops.find(({ link }) => link === 'orders:payments')?.transport !== 'mtls') return
      paused = false
      inner.resume()
    },
    paused: () => paused,
    strangers: peers.strangers,
    serials: () => inner.serials,
    stop: async () => void (await Promise.all([publicLoad.stop(), inner.stop()])),
  }
  await clients.resumeInnerWhere()
  return clients
}
