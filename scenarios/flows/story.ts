import { setOff } from '../../services/chassis/call-watch.ts'
import type { Observations, RequestRecord } from '../../services/chassis/observation.ts'
import type { LabClient } from '../lab-client.ts'
import { readUntil } from './patience.ts'
import { type Marks, recordsSince } from './records.ts'

/** A request record and whose it is. */
export type Told = RequestRecord & { workload: string }

/** One request of the public client as the workloads recorded it; `entry` is the one that let it in. */
export type Story = { entry: Told | undefined; told: Told[]; reports: Record<string, Observations> }

/** What to recognize the request by: nobody believes a client's own request id, so it is found by what it asked for. */
export type Sought = { method: string; path: string; from?: string }

/** Finds a request that came in after the marks; a record is written when its answer is gone, so a little patience helps. */
export const readStory = (lab: LabClient, marks: Marks, sought: Sought): Promise<Story> =>
  readUntil(
    async () => tell(await recordsSince(lab, marks), sought),
    ({ entry }) => entry !== undefined,
  )

const tell = (reports: Record<string, Observations>, { method, path, from }: Sought): Story => {
  const all = Object.entries(reports).flatMap(([workload, { requests }]) =>
    requests.map((record): Told => ({ ...record, workload })),
  )
  const asked = path.split('?')[0]
  const candidates = all.filter(
    record => record.callerBy === 'nobody' && record.method === method && record.path === asked,
  )
  const entry = candidates.findLast(({ clientAddress }) => clientAddress === from) ?? candidates.at(-1)
  const told = entry
    ? inOrder(
        entry,
        all.filter(({ requestId }) => requestId === entry.requestId),
      )
    : []
  return { entry, told, reports }
}

/** Each call after the one it was made for, the earlier calls of one workload first. */
const inOrder = (root: Told, all: readonly Told[]): Told[] => [
  root,
  ...all
    .filter(each => setOff(root, each))
    .sort((a, b) => Date.parse(a.at) - Date.parse(b.at))
    .flatMap(child => inOrder(child, all)),
]
