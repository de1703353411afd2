import type { Hop } from '../../services/modes.ts'
import type { LabClient } from '../lab-client.ts'
import { type Attacked, attackFromOutside } from './attack-from-outside.ts'
import { idOf, isInner } from './hops.ts'
import { callFromInside, type InsiderOutcome } from './insider-call.ts'
import { type Watched, watchEveryWay } from './watched-probe.ts'

/** Is it met, and what shows it? `shown`: false where what was seen allows neither answer. */
export type Met = { met: boolean; because: string; shown: boolean }

/** All that needs are judged by: an honest probe, an attack from outside, a call without a certificate on every inner hop. */
export type NeedsSeen = {
  hops: readonly Hop[]
  watched: Watched
  attacked: Attacked
  rogues: ReadonlyMap<string, InsiderOutcome>
}

/** Observes it all in the present mode. */
export const seeNeeds = async (lab: LabClient, hops: readonly Hop[]): Promise<NeedsSeen> => {
  const watched = await watchEveryWay(lab)
  const inner = hops.filter(isInner)
  const rogues = await Promise.all(
    inner.map(async hop => [hop.link.id, await callWithoutCertificate(lab, hop)] as const),
  )
  return { hops, watched, attacked: await attackFromOutside(lab), rogues: new Map(rogues) }
}

const callWithoutCertificate = (lab: LabClient, hop: Hop): Promise<InsiderOutcome> =>
  callFromInside(lab, hop, 'no certificate', { statedCaller: idOf(lab.topology, hop.link.caller) })
