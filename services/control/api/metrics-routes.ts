import type { FastifyPluginAsync } from 'fastify'
import { metricsText, metricsType } from '../../chassis/metrics-text.ts'
import type { Topology } from '../../topology/topology.ts'
import { labFamilies } from '../measures/families.ts'
import type { Seen } from '../measures/metric.ts'
import type { Operations } from '../operations.ts'
import { knownWorkload } from './unknown.ts'

/** By this name the control plane itself is scraped; no workload has it. */
const self = 'control'

/**
 * `GET /metrics/:name` → Prometheus text: of a workload made by itself at this moment and brought over its stream, which is
 * mTLS in every mode, so a scrape needs no door in the data plane and no mode can break it; of `control` what only a view of
 * the whole lab can tell. Who is away is an error, so that Prometheus takes it for down.
 * `GET /api/prometheus/targets` → all of them, for Prometheus' `http_sd`.
 */
export const metricsRoutes =
  (topology: Topology, operations: Operations, look: () => Promise<Seen>): FastifyPluginAsync =>
  async app => {
    app.addHook('onSend', async (_request, reply) => void reply.header('cache-control', 'no-store'))

    app.get<{ Params: { name: string } }>('/metrics/:name', async (request, reply) => {
      const { name } = request.params
      const text =
        name === self ? metricsText(labFamilies(await look())) : await operations.metrics(knownWorkload(topology, name))
      return reply.type(metricsType).send(text)
    })

    app.get('/api/prometheus/targets', ({ headers }) => [
      target(headers.host!, self, {}),
      ...Object.keys(topology.workloads).map(name => target(headers.host!, name, { workload: name })),
    ])
  }

// all are scraped where this was asked for: the guard has seen to it that the Host is this server
const target = (host: string, name: string, labels: Record<string, string>) => ({
  targets: [host],
  labels: { __metrics_path__: `/metrics/${name}`, instance: name, ...labels },
})
