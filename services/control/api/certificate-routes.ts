import type { FastifyPluginAsync } from 'fastify'
import type { Topology } from '../../topology/topology.ts'
import type { Operations } from '../operations.ts'
import { checkedEmpty } from './body.ts'
import { knownWorkload } from './unknown.ts'

/** Certificates and trust: `GET /api/trust`, `GET /api/certificates`, `POST /api/workloads/:name/renew`. */
export const certificateRoutes =
  (topology: Topology, operations: Operations): FastifyPluginAsync =>
  async app => {
    app.addHook('onSend', async (_request, reply) => void reply.header('cache-control', 'no-store'))

    app.get('/api/trust', () => operations.trust())
    app.get('/api/certificates', () => operations.certificates())
    app.post<{ Params: { name: string } }>('/api/workloads/:name/renew', request => {
      checkedEmpty(request.body)
      return operations.renew(knownWorkload(topology, request.params.name))
    })
  }
