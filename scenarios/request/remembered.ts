import type {
  ApplicationRecord,
  CallRecord,
  ConnectionRecord,
  RequestRecord,
} from '../../services/chassis/observation.ts'
import type { TrustState } from '../../services/control/certificates/trust-state.ts'
import type { Collected } from '../../services/control/collected.ts'
import { client, type Topology } from '../../services/topology/topology.ts'
import type { LabClient } from '../lab-client.ts'

/** A request record, and whose it is. `ruleCaller`: the caller that its rule is for. */
export type Told = RequestRecord & { workload: string; ruleCaller?: string }

/** One hop by its ends' records: the callee's of the request, and the caller's of the call. */
export type Ends = {
  caller: string
  callee: string
  told?: Told
  made?: CallRecord | undefined
  /** The workload that made the call. */
  by?: string | undefined
}

/** All that is remembered of one request, in one place. */
export type Remembered = {
  about: Collected
  /** ms by the asker's clock, around the question. */
  asked: number
  answered: number
  authorities: TrustState['authorities']
  /** Oldest first. */
  requests: Told[]
  /** A workload's record of a connection by its id; not that of a failure which ended it. */
  connection(workload: string, id: string): ConnectionRecord | undefined
  application(workload: string, spanId: string): ApplicationRecord | undefined
}

export const rememberedBy = async (lab: LabClient, id: string): Promise<Remembered> => {
  const asked = Date.now()
  const [about, { authorities }] = await Promise.all([lab.about(id), lab.lifecycle.trust()])
  return gather(lab.topology, about, { asked, answered: Date.now(), authorities })
}

export const gather = (
  topology: Topology,
  about: Collected,
  more: Pick<Remembered, 'asked' | 'answered' | 'authorities'>,
): Remembered => ({
  about,
  ...more,
  requests: Object.entries(about.reports)
    .flatMap(([workload, { requests }]) =>
      requests.map((record): Told => ({ ...record, workload, ...ruleCaller(topology, record) })),
    )
    .sort((a, b) => beganOf(a) - beganOf(b)),
  connection: (workload, wanted) =>
    about.reports[workload]?.connections.find(({ id, failure }) => id === wanted && !failure) ??
    about.reports[workload]?.connections.find(({ id }) => id === wanted),
  application: (workload, span) => about.reports[workload]?.application?.find(({ spanId }) => spanId === span),
})

export const beganOf = ({ began, at }: RequestRecord): number => began ?? Date.parse(at)

const ruleCaller = ({ links }: Topology, { rule }: RequestRecord) => {
  if (rule?.startsWith(`${client}:`)) return { ruleCaller: client }
  const link = links.find(({ id }) => id === rule)
  return link ? { ruleCaller: link.caller } : {}
}
