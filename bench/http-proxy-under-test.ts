import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import proxy from '@fastify/http-proxy'
import { fastify } from 'fastify'
import type { HopTask } from './transports.ts'

// @fastify/http-proxy as its README sets it up, without logging; TLS as ours, but the backend's name is not checked.
const { front, back, port, backend, certificates } = JSON.parse(process.argv[2]!) as HopTask
const read = (name: string) => readFileSync(join(certificates, name), 'utf8')

const app = fastify((front === 'tls' ? { https: { key: read('public.key'), cert: read('public.pem') } } : {}) as object)
const tls = { ca: read('bundle.pem'), checkServerIdentity: () => undefined }
const own = back === 'mtls' ? { key: read('edge.key'), cert: read('edge.pem') } : {}
app.register(proxy, {
  upstream: `${back === 'plain' ? 'http' : 'https'}://127.0.0.1:${backend}`,
  undici: {
    connections: 64,
    pipelining: 1,
    allowH2: false,
    ...(back === 'plain' ? {} : { connect: { ...tls, ...own } }),
  } as object,
})
await app.listen({ port, host: '127.0.0.1' })
process.send!('ready')
process.on('disconnect', () => process.exit())
