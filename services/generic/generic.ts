import * as v from 'valibot'
import { ask } from '../ask.ts'
import { readBody } from '../chassis/body.ts'
import type { Call, Program, RequestContext, Site } from '../chassis/program.ts'
import { createService } from '../chassis/service.ts'

type Fields = Record<string, unknown>

const body = v.record(v.string(), v.unknown())
const asking = ['GET', 'HEAD', 'OPTIONS']

/**
 * Stands for a workload without code of its own: on every request that may change something it calls each of its links
 * in their order, with the fields that the link carries, and answers what it received and what came back, values untouched.
 */
export const generic: Program = site =>
  createService(site, (app, contextOf) => {
    app.all('/*', async (request, reply) => {
      const received: Fields = readBody(body, request.body === undefined ? {} : request.body)
      const calls = asking.includes(request.method) ? {} : await callAll(site, contextOf(request), received)
      reply.code(Object.values(calls).some(({ ok }) => !ok) ? 502 : 200)
      return { workload: site.name, received, calls }
    })
  })

type Result = { ok: boolean; status: number | null; body: unknown; failure?: string }

const callAll = async (site: Site, context: RequestContext, received: Fields): Promise<Record<string, Result>> => {
  const results: Record<string, Result> = {}
  for (const call of site.calls) {
    const { callee, method, path } = call
    const request = {
      method,
      path,
      ...(method === 'GET' || method === 'HEAD' ? {} : { body: carried(call, received) }),
    }
    const outcome = await ask(site.upstream(callee), context, request, v.unknown())
    const { ok, status = null, body = null } = outcome
    results[callee] = { ok, status, body, ...(outcome.ok ? {} : { failure: outcome.name }) }
  }
  return results
}

const carried = ({ data }: Call, received: Fields): Fields =>
  Object.fromEntries(data.filter(field => Object.hasOwn(received, field)).map(field => [field, received[field]]))
