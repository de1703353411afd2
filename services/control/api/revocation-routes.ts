import type { FastifyPluginAsync } from 'fastify'
import * as v from 'valibot'
import { type RevocationReason, revocationReasons } from '../../../pki/crl.ts'
import { HopError } from '../../../pki/error.ts'
import type { Topology } from '../../topology/topology.ts'
import type { Operations } from '../operations.ts'
import { checked, checkedEmpty, text } from './body.ts'
import { knownWorkload } from './unknown.ts'

const serial = text(64)
/** As many as fit into a body. */
const serials = v.pipe(v.array(serial), v.minLength(1), v.maxLength(1000))
const revoke = v.strictObject({
  serial: v.optional(serial),
  serials: v.optional(serials),
  id: v.optional(text(2048)),
  reason: v.picklist(Object.keys(revocationReasons) as RevocationReason[]),
})

/**
 * `POST /api/revoke` {serial | serials | id, reason (RFC 5280, 5.3.1)} → {serials, acknowledged, ms}: several serials all
 * or none. `POST /api/workloads/:name/reenrol` → {acknowledged, ms}: a revoked workload gets a new start.
 */
export const revocationRoutes =
  (topology: Topology, operations: Operations): FastifyPluginAsync =>
  async app => {
    app.addHook('onSend', async (_request, reply) => void reply.header('cache-control', 'no-store'))

    app.post('/api/revoke', request => {
      const { reason, ...asked } = checked(revoke, request.body)
      return operations.revoke(revocableOf(asked), reason)
    })
    app.post<{ Params: { name: string } }>('/api/workloads/:name/reenrol', request => {
      checkedEmpty(request.body)
      return operations.reenrol(knownWorkload(topology, request.params.name))
    })
  }

type Asked = { serial?: string | undefined; serials?: string[] | undefined; id?: string | undefined }

const revocableOf = ({ serial: one, serials: several, id }: Asked) => {
  const given = [one, several, id].filter(word => word !== undefined)
  if (given.length === 1) return id === undefined ? { serials: several ?? [one!] } : { id }
  throw new HopError('body-invalid', {
    field: 'serial',
    expected: 'one of serial, serials and id',
    found: given.length === 0 ? 'none of them' : 'several of them',
  })
}
