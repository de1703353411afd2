import { request } from 'node:http'
import { createServer, connect as dial, type Server, type Socket } from 'node:net'
import type { Address } from '../../services/chassis/transport.ts'
import { operator, type TestLab } from '../support/lab.ts'

// biome-ignore lint/suspicious/noExplicitAny: what a server says, before a test looks at it
type Line = any

/** A guarded change of mode, with what is given of the guard; the lines of the answer. */
export const rollOut = async (lab: TestLab, mode: string, more: object = {}): Promise<Line[]> => {
  const guard = { observeMs: 60, ...(more as { guard?: object }).guard }
  const answer = await operator(lab, 'PUT', '/api/mode', { mode, ...more, guard })
  return Array.isArray(answer) ? answer : [answer]
}

export const stateOf = async (lab: TestLab): Promise<Line> => operator(lab, 'GET', '/api/state')

export const auditOf = async (lab: TestLab): Promise<Line[]> => (await operator(lab, 'GET', '/api/audit')) as Line[]

/** Calls payments in plaintext and states the gateway's caller, as an application does that nobody knows of. */
export const callInPlaintext = (
  { host, port }: Address,
  { from = '127.77.0.9', caller = 'spiffe://hop.lab/orders' } = {},
): Promise<number> =>
  new Promise((resolve, reject) => {
    const asked = request({
      ...{ host, port, method: 'POST', path: '/charges', localAddress: from, agent: false },
      headers: { 'content-type': 'application/json', 'x-spiffe-id': caller },
    })
    asked.once('error', reject)
    asked.once('response', answer => {
      answer.resume().once('end', () => resolve(answer.statusCode ?? 0))
    })
    asked.end(JSON.stringify({ card: '4111111111111111', amount: 1 }))
  })

/** Where a workload itself listens. */
export const addressOf = async (lab: TestLab, name: string): Promise<Address> =>
  (await stateOf(lab)).workloads.find((workload: { name: string }) => workload.name === name).address

/** A box on the network that lets HTTP pass and breaks TLS. */
export const startHttpOnly = async (target: Address): Promise<{ address: Address; close(): Promise<void> }> => {
  const sockets = new Set<Socket>()
  const keep = (socket: Socket) => {
    sockets.add(socket.on('error', () => socket.destroy()).once('close', () => sockets.delete(socket)))
    return socket
  }
  const server: Server = createServer(socket => {
    keep(socket).once('data', first => {
      if (first[0] === 0x16) return socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')
      const on = keep(dial(target))
      on.write(first)
      socket.pipe(on).pipe(socket)
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  return {
    address: { host: '127.0.0.1', port },
    async close() {
      const closed = new Promise(resolve => server.close(resolve))
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}
