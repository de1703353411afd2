import { setTimeout as wait } from 'node:timers/promises'
import type { Transport } from '../../services/chassis/transport.ts'
import type { Hop } from '../../services/modes.ts'
import type { LabClient } from '../lab-client.ts'
import type { Attempt } from '../tools/attempt.ts'
import { freshCanary } from '../tools/canary.ts'
import { callAsInsider } from '../tools/insider.ts'
import { createOutsider } from '../tools/outsider.ts'
import { freshAddress } from '../tools/source.ts'
import { idOf, listeningAt, requestOn } from './hops.ts'

/** Somebody who calls now and then: from which address and over what, and one call of his. */
export type Calling = { from: string; transport: Transport; call(): Promise<Attempt> }

/** Leaves others room; what it is meant to show does not depend on it. */
const pauseMs = 4

/**
 * An application that no topology declares, so that nobody moves it: it calls a hop's callee as the hop goes, under the
 * name of the hop's caller, and with its certificate where one is asked for.
 */
export const unmanagedCaller = async (lab: LabClient, { link, transport }: Hop): Promise<Calling> => {
  const { callee, caller } = link
  const address = await listeningAt(lab, callee)
  const from = freshAddress(address)
  const pair = transport === 'mtls' ? { pair: await lab.credentials.stolen(caller) } : {}
  const call = () =>
    callAsInsider({
      ...{ callee, address, transport, trustDomain: lab.topology.trustDomain, from, ...pair },
      ...requestOn(link, freshCanary(lab.topology)),
      statedCaller: idOf(lab.topology, caller),
    })
  const first = await call()
  return { from: first.from ?? from ?? 'unknown', transport, call: unhurried(call) }
}

/** A customer who keeps his connection as long as it lasts, told apart from all others by his address. */
export const customer = async (lab: LabClient): Promise<Calling & { close(): void }> => {
  const outsider = await createOutsider(lab, { keepAlive: true, from: freshAddress(lab.access.edge) })
  const call = () => {
    const { method, path, body, headers } = freshCanary(lab.topology)
    return outsider.send({ method, path, body, headers })
  }
  const from = outsider.from ?? (await call()).from ?? 'unknown'
  return { from, transport: 'tls', call: unhurried(call), close: outsider.close }
}

const unhurried = (call: () => Promise<Attempt>) => async (): Promise<Attempt> => {
  await wait(pauseMs)
  return call()
}
