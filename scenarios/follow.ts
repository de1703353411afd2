import type { RequestRecord } from '../services/chassis/observation.ts'
import { presence } from './flows/presence.ts'
import { mark } from './flows/records.ts'
import { readStory } from './flows/story.ts'
import type { LabClient } from './lab-client.ts'
import type { TlsSeen } from './tools/attempt.ts'
import { createOutsider } from './tools/outsider.ts'

/** Default: the topology's probe. A method or path without a body goes without one. */
export type FollowOptions = {
  method?: string
  path?: string
  body?: unknown
  headers?: Record<string, string>
}

/** What one workload recorded of the request. */
export type Step = { workload: string } & Pick<
  RequestRecord,
  'method' | 'path' | 'status' | 'durationMs' | 'caller' | 'callerBy' | 'rule' | 'denied' | 'failure' | 'clientAddress'
>

/** The answer as the client got it, and the request's story hop by hop, from the outside in. */
export type Followed = {
  request: { method: string; path: string }
  /** As the answer told it; undefined when none came and no workload had the request. */
  requestId: string | undefined
  /** `status` is 0 where no answer came; `failure` then says why. */
  answer: {
    status: number
    headers: Record<string, string>
    body: string
    failure?: { name: string; code: string }
    tls?: TlsSeen
  }
  ms: number
  steps: Step[]
  /** Workloads that could not be asked. */
  away: string[]
}

/** Places one request as the public client and follows it through every workload's records. */
export const followRequest = async (lab: LabClient, options: FollowOptions = {}): Promise<Followed> => {
  const { probe } = lab.topology
  const given = options.method !== undefined || options.path !== undefined
  const { method = given ? 'GET' : probe.method, path = probe.path, headers = {} } = options
  const body = options.body ?? (given ? undefined : probe.body)
  const { here, away } = await presence(lab)
  const marks = await mark(lab, here)
  const outsider = await createOutsider(lab)
  const began = performance.now()
  const attempt = await outsider.send({ method, path, body, headers })
  const ms = performance.now() - began
  const answer = attempt.answered ? attempt : { status: 0, headers: {}, body: '', ...attempt }
  const { entry, told } = await readStory(lab, marks, { method, path, from: outsider.from })
  // what the client was told is exact; a story is found by what was asked for
  const stated = attempt.answered ? attempt.headers['x-request-id'] : undefined
  const requestId = stated ?? entry?.requestId
  return { request: { method, path }, requestId, answer, ms, steps: told.map(stepOf), away }
}

const stepOf = ({
  workload,
  method,
  path,
  status,
  durationMs,
  ...rest
}: { workload: string } & RequestRecord): Step => {
  const { caller, callerBy, rule, denied, failure, clientAddress } = rest
  const optional = Object.entries({ caller, rule, denied, failure, clientAddress })
  const known = Object.fromEntries(optional.filter(([, value]) => value !== undefined))
  return { workload, method, path, status, durationMs, callerBy, ...known }
}
