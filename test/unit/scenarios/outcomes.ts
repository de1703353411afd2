import type { InsiderOutcome } from '../../../scenarios/flows/insider-call.ts'
import type { Attempt } from '../../../scenarios/tools/attempt.ts'
import type { ConnectionRecord, RequestRecord } from '../../../services/chassis/observation.ts'
import { hopsOf } from '../../../services/hops.ts'
import { readTopology } from '../../../services/topology/file.ts'

export const shop = readTopology('topologies/shop.yaml')

/** The hop that verdicts are tried on. */
export const hop = hopsOf(shop, 'mtls').find(({ link }) => link.id === 'orders:payments')!

export const answered: Attempt = { answered: true, status: 201, headers: {}, body: '' }

const closed: Attempt = { answered: false, failure: { name: 'connection-closed', code: 'ECONNRESET' } }

/** The real caller by its certificate, under its rule; what is given is another way. */
export const served = (
  request: Partial<RequestRecord> = {},
  connection: Partial<ConnectionRecord> = {},
): InsiderOutcome => ({
  attempt: answered,
  evidence: [{ kind: 'request', title: 'what it got', where: hop.link.id }],
  request: {
    ...{ cursor: 1, at: '', requestId: 'r', traceId: 't', spanId: 's', connection: 'c', durationMs: 1, status: 201 },
    ...{ method: 'POST', path: '/charges', rule: hop.link.id },
    ...{ caller: 'spiffe://hop.lab/orders', callerBy: 'certificate' },
    ...request,
  },
  connection: { cursor: 1, id: 'c', side: 'server', at: '', resumed: false, ...connection },
})

/** Let in as far as policy. */
export const denied = (request: Partial<RequestRecord>): InsiderOutcome => {
  const { request: { rule: _, ...rest } = {}, ...outcome } = served({ status: 403, denied: 'no rule', ...request })
  return { ...outcome, request: rest as RequestRecord }
}

/** Refused before any request, by the callee's failure of this name. */
export const refusedAs = (name: string): InsiderOutcome => ({
  attempt: closed,
  evidence: [{ kind: 'failure', title: 'what it got', where: hop.link.id }],
  refusal: { cursor: 1, id: 'c', side: 'server', at: '', failure: { name, code: name } },
})

/** Neither a request nor a refusal on record: the connection was gone before. */
export const cut: InsiderOutcome = { attempt: closed, evidence: [] }

export const passed = { passed: true, evidence: [] }
