import { setTimeout as wait } from 'node:timers/promises'
import { connect, createSecureContext, type TLSSocket } from 'node:tls'
import { buildConnector, Pool } from 'undici'
import type { Address } from '../../services/chassis/transport.ts'
import type { Topology } from '../../services/topology/topology.ts'
import { type Tally, wrongAnswer } from './tally.ts'

/** The public, without pause: kept-alive connections that are always busy, and a new connection for each request. */
export type PublicLoad = {
  /** New connections trust these roots from now on (PEM). Resolves when none is being made any more that trusts others. */
  trust(bundle: string): Promise<unknown>
  stop(): Promise<void>
}

type PublicLoadOptions = {
  topology: Topology
  edge: Address
  bundle: string
  tally: Tally
  kept: number
  fresh: number
  /** One in so many requests of a kept-alive connection places an order; the others read one. */
  orderEvery: number
}

export const startPublicLoad = (options: PublicLoadOptions): PublicLoad => {
  const { edge, tally, topology } = options
  const { serverName: servername } = topology.ingress
  const { probe } = topology
  const body = JSON.stringify(probe.body)
  const headers = { host: servername, 'content-type': 'application/json' }
  let running = true
  const making = new Set<Promise<unknown>>()
  const made = <T>(connection: Promise<T>): Promise<T> => {
    making.add(connection)
    connection.catch(() => {}).finally(() => making.delete(connection))
    return connection
  }
  let trusted = { ca: options.bundle, secureContext: createSecureContext({ ca: options.bundle }) }
  let connector = connectorOf(trusted.ca, servername)
  const pool = new Pool(`https://${edge.host}:${edge.port}`, {
    connections: options.kept,
    pipelining: 1,
    allowH2: false,
    connect: (asked, callback) => {
      const over = Promise.withResolvers<void>()
      void made(over.promise)
      connector(asked, (...outcome) => {
        over.resolve()
        // relied on, so looked at: see peers.ts
        const [, socket] = outcome
        if (socket) (socket as TLSSocket).getPeerX509Certificate()
        callback(...outcome)
      })
    },
  })

  const ask = async (method: 'GET' | 'POST', path: string, expected: number): Promise<{ id: string }> => {
    const answer = await pool.request({ method, path, headers, ...(method === 'POST' ? { body } : {}) })
    const text = await answer.body.text()
    if (answer.statusCode !== expected) throw wrongAnswer(answer.statusCode, text)
    return JSON.parse(text) as { id: string }
  }

  const keepAsking = async (): Promise<void> => {
    let id: string | undefined
    for (let turn = 0; running; turn++) {
      try {
        if (id === undefined || turn % options.orderEvery === 0) id = (await ask('POST', probe.path, 201)).id
        else await ask('GET', `${probe.path}/${id}`, 200)
        tally.answered.kept++
      } catch (error) {
        tally.lose('kept', error)
        await wait(50)
      }
    }
  }

  const head = Object.entries({ ...headers, connection: 'close', 'content-length': Buffer.byteLength(body) })
  const request = `POST ${probe.path} HTTP/1.1\r\n${head.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${body}`

  const connectAnew = async (): Promise<void> => {
    while (running) {
      try {
        const { secureContext } = trusted
        await made(exchange(connect({ ...edge, servername, secureContext, ALPNProtocols: ['http/1.1'] }), request))
        tally.answered.fresh++
      } catch (error) {
        tally.lose('fresh', error)
        await wait(50)
      }
    }
  }

  const working = Promise.all([
    ...Array.from({ length: options.kept }, keepAsking),
    ...Array.from({ length: options.fresh }, connectAnew),
  ])
  return {
    trust(bundle) {
      trusted = { ca: bundle, secureContext: createSecureContext({ ca: bundle }) }
      connector = connectorOf(bundle, servername)
      return Promise.allSettled(making)
    },
    async stop() {
      running = false
      await working
      await pool.destroy()
    },
  }
}

const connectorOf = (ca: string, servername: string) =>
  buildConnector({ ca, servername, allowH2: false, maxCachedSessions: 0 })

/** One request on a connection of its own; resolves when the answer was whole and was 201. */
const exchange = (socket: TLSSocket, request: string): Promise<void> =>
  new Promise((resolve, reject) => {
    let text = ''
    socket.setEncoding('utf8')
    socket.once('secureConnect', () => {
      socket.getPeerX509Certificate()
      socket.write(request)
    })
    socket.on('data', chunk => {
      text += chunk
    })
    socket.once('error', reject)
    socket.once('end', () => {
      const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0)
      if (status === 201 && text.includes('"shipment"')) resolve()
      else reject(wrongAnswer(status, text.slice(text.indexOf('\r\n\r\n') + 4)))
    })
    socket.once('close', () =>
      reject(Object.assign(new Error(`closed after ${text.length} bytes`), { code: 'closed' })),
    )
  })
