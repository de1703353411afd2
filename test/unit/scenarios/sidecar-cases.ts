import type { InsiderOutcome } from '../../../scenarios/flows/insider-call.ts'
import type { LinkScenario } from '../../../scenarios/scenario.ts'
import type { ApplicationRecord, Observations, RequestRecord } from '../../../services/chassis/observation.ts'
import { hopsOf } from '../../../services/hops.ts'
import type { Hop, Mode } from '../../../services/modes.ts'
import { readTopology } from '../../../services/topology/file.ts'

export const hopIn = (shape: string, mode: Mode, link: string): Hop =>
  hopsOf(readTopology(`topologies/${shape}.yaml`), mode).find(hop => hop.link.id === link)!

/** Ids of the links a scenario takes up, from the client inwards. */
export const selectedIn = (scenario: LinkScenario, shape: string, mode: Mode): string[] => {
  const topology = readTopology(`topologies/${shape}.yaml`)
  return hopsOf(topology, mode)
    .filter(hop => scenario.select(hop, topology))
    .map(({ link }) => link.id)
}

export const tlsSeen = { protocol: 'TLSv1.3', cipher: 'TLS_AES_256_GCM_SHA384', resumed: false }

/** What the application of a sidecar got under a span. */
export const applicationRecord = (spanId: string, durationMs = 1): ApplicationRecord => ({
  ...{ cursor: 1, at: '', requestId: 'request-1', spanId, method: 'POST', path: '/', status: 200, durationMs },
  ...{ encrypted: false, remoteAddress: '127.0.0.1' },
})

export const requestRecord = (spanId: string, durationMs = 1): RequestRecord => ({
  ...{ cursor: 1, at: '', requestId: 'request-1', traceId: 't', spanId, method: 'POST', path: '/', status: 200 },
  ...{ durationMs, connection: 'c', callerBy: 'certificate' },
})

export const reportOf = (requests: RequestRecord[], application: ApplicationRecord[]): Observations => ({
  ...{ workload: 'shipping', connections: [], requests, application, keyLog: [], held: [], cursor: 9 },
})

/** Calls on a hop as they may come out; a request's span is named after its caller. */
export const callOn = ({ link }: Hop) => {
  const answered = { answered: true, status: 200, headers: {}, body: '' } as const
  const gone = { answered: false, failure: { name: 'connection-closed', code: 'ECONNRESET' } } as const
  return {
    answered,
    served: (caller: string): InsiderOutcome => ({
      ...{ attempt: answered, evidence: [], request: { ...requestRecord(caller), rule: link.id } },
    }),
    denied: (caller: string): InsiderOutcome => ({
      ...{ attempt: answered, evidence: [], request: { ...requestRecord(caller), denied: 'no rule lets it in' } },
    }),
    refused: (name: string): InsiderOutcome => ({
      ...{ attempt: gone, evidence: [] },
      refusal: { cursor: 1, id: 'c', side: 'server', at: '', failure: { name, code: name } },
    }),
  }
}
