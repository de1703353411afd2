import type { Transport } from '../../services/chassis/transport.ts'
import type { Hop } from '../../services/modes.ts'
import type { LabClient } from '../lab-client.ts'
import type { Attempt } from '../tools/attempt.ts'
import { listenIn } from './listen-in.ts'
import { readUntil } from './patience.ts'
import { mark, recordsSince } from './records.ts'

/** One order of a customer over new connections, as one link on its way had it. */
export type Tried = {
  answer: Attempt
  /** The callee handled a request under this link's rule. */
  served: boolean
  /** How the caller's connection went, or why there was none. */
  transport?: Transport | 'spliced'
  failure?: string
  /** Links on which a value of the order stood readable. */
  readable: string[]
}

/** Places it while every link is listened to. */
export const tryLink = async (lab: LabClient, { link }: Hop): Promise<Tried> => {
  const { caller, callee, id } = link
  const marks = await mark(lab, [caller, callee])
  const { canary, answer, raw } = await listenIn(lab)
  const seen = await readUntil(
    async () => {
      const { [caller]: ours, [callee]: theirs } = await recordsSince(lab, marks)
      return {
        called: ours?.connections.findLast(({ side, link: on }) => side === 'client' && on === id),
        served: theirs?.requests.some(({ rule }) => rule === id) ?? false,
      }
    },
    ({ called, served }) => served || called?.failure !== undefined,
  )
  const needles = Object.values(canary.needles)
  const links = [...new Set(lab.topology.links.map(each => each.id))]
  return {
    answer,
    served: seen.served,
    ...(seen.called?.transport ? { transport: seen.called.transport } : {}),
    ...(seen.called?.failure ? { failure: seen.called.failure.name } : {}),
    readable: links.filter(each => needles.some(needle => raw(each).includes(needle))),
  }
}
