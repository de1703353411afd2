import { createWriteStream, readFileSync } from 'node:fs'
import { devNull } from 'node:os'
import { join } from 'node:path'
import { createCredentials } from '../services/chassis/credentials.ts'
import { createLogBatch } from '../services/chassis/log-batch.ts'
import { createMetrics } from '../services/chassis/metrics.ts'
import { anyone } from '../services/chassis/policy.ts'
import { createSpanExport } from '../services/chassis/span-export.ts'
import { createLog, createTelemetry } from '../services/chassis/telemetry.ts'
import { createWorkload } from '../services/chassis/workload.ts'
import { edge as edgeProgram } from '../services/edge/edge.ts'
import { withL7 } from '../services/l7/mount.ts'
import { publicName, trustDomain } from './certificates.ts'
import type { HopTask } from './transports.ts'

// The real edge as one workload: listener, policy, the L7 policy pack (its rate limit never reached), forward, trace context,
// one log line, metrics.
const task = JSON.parse(process.argv[2]!) as HopTask
const { front, back, port, backend, certificates } = task
const observing = task.observing ?? { log: true, metrics: true }
const read = (name: string) => readFileSync(join(certificates, name), 'utf8')

const crl = [0, 1, 2].map(n => read(`crl-${n}.pem`))
const credentials = createCredentials({ trust: { bundle: [read('bundle.pem')], crl } })
credentials.setWorkload({ key: read('edge.key'), chain: read('edge.pem') })
credentials.setPublic(publicName, { key: read('public.key'), chain: read('public.pem') })

const destination = createLogBatch(createWriteStream(devNull))
const log = observing.log ? createLog('edge', destination) : createLog('edge')
const spans = observing.tracesTo === undefined ? undefined : await createSpanExport('edge', 'bench', observing.tracesTo)
const plain = createTelemetry('edge', log, spans?.send)
spans?.tell(plain)
const metrics = createMetrics('bench')
const accepts = front === 'plain' ? ('plaintext' as const) : ('tls' as const)
const edge = await createWorkload({
  name: 'edge',
  trustDomain,
  publicOnly: true,
  credentials,
  telemetry: observing.metrics ? metrics.measured(plain) : plain,
  program: withL7(edgeProgram),
  calls: [
    { callee: 'backend', method: 'GET', path: '/orders/1', data: [], allow: [{ method: 'GET', path: '/orders/*' }] },
  ],
})
await edge.apply({
  version: 1,
  accepts: [accepts],
  rules: [{ link: 'client:edge', from: anyone, transports: [accepts], methods: ['GET'], paths: ['/orders/*'] }],
  upstreams: [
    {
      link: 'edge:backend',
      callee: 'backend',
      transport: back === 'plain' ? 'plaintext' : back,
      address: { host: '127.0.0.1', port: backend },
      id: `spiffe://${trustDomain}/backend`,
      verify: true,
    },
  ],
  splices: [],
  publicNames: [publicName],
  keyLog: false,
  l7: { waf: true, rate: { perSecond: 1e9, burst: 1e9 }, tokens: null },
})
await edge.listen({ port })
if (observing.scrapeEveryMs)
  setInterval(() => metrics.text(edge.observations(Number.MAX_SAFE_INTEGER)), observing.scrapeEveryMs)
process.send!('ready')
process.on('disconnect', () => process.exit())
