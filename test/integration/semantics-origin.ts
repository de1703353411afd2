import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A server that uses as much of HTTP as one likes to rely on. */
export type Origin = {
  port: number
  /** Names of what happened here that no answer tells: `gone /hang`. Resolves when it has happened since the last call. */
  happened(what: string): Promise<void>
  /** Lets `/drip` send its next part. */
  drip(): void
  close(): Promise<void>
}

export const startOrigin = async (): Promise<Origin> => {
  const events = new Set<string>()
  const watchers = new Set<() => void>()
  let drip = () => {}
  const tell = (event: string) => {
    events.add(event)
    for (const watcher of watchers) watcher()
  }
  const text = 'The quick brown fox'

  const routes: Record<string, (request: IncomingMessage, response: ServerResponse) => unknown> = {
    '/status': (request, response) => {
      const status = Number(new URL(request.url!, 'http://x').searchParams.get('code'))
      response.writeHead(status, { 'x-origin': 'yes', location: '/elsewhere', 'retry-after': '7' })
      response.end(status === 204 || status === 304 ? undefined : 'body')
    },
    '/repeated': (_, response) =>
      response
        .writeHead(200, ['set-cookie', 'a=1', 'set-cookie', 'b=2', 'x-many', '1', 'x-many', '2', 'content-length', '0'])
        .end(),
    '/echo': async (request, response) => {
      const body = Buffer.concat(await request.toArray()).toString()
      const { method, url, rawHeaders, trailers } = request
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify({ method, url, rawHeaders, trailers, body }))
    },
    '/ranged': ({ headers: { range } }, response) => {
      const [, from = '', to = ''] = /^bytes=(\d+)-(\d+)$/.exec(range ?? '') ?? []
      if (from === '')
        return response.writeHead(200, { 'accept-ranges': 'bytes', 'content-length': text.length }).end(text)
      const part = text.slice(Number(from), Number(to) + 1)
      response.writeHead(206, { 'content-range': `bytes ${from}-${to}/${text.length}`, 'content-length': part.length })
      response.end(part)
    },
    '/tagged': ({ headers }, response) => {
      const fresh = headers['if-none-match'] === '"v1"'
      response.writeHead(fresh ? 304 : 200, { etag: '"v1"', vary: 'accept-encoding' }).end(fresh ? undefined : text)
    },
    '/trailers': (_, response) => {
      response.writeHead(200, { trailer: 'x-sum' })
      response.write(text)
      response.addTrailers({ 'x-sum': '42' })
      response.end()
    },
    '/upload': async (request, response) => {
      const hash = createHash('sha256')
      for await (const chunk of request) hash.update(chunk)
      response.end(hash.digest('hex'))
    },
    '/download': async (_, response) => {
      const block = Buffer.alloc(1 << 16, 'x')
      for (let i = 0; i < 128; i++)
        if (!response.write(block)) await new Promise(resolve => response.once('drain', resolve))
      response.end()
    },
    '/drip': (_, response) => {
      response.writeHead(200).write('first')
      drip = () => response.end('last')
    },
    '/hang': (_, response) => {
      tell('asked /hang')
      response.once('close', () => tell('gone /hang'))
    },
    '/break': (_, response) => {
      response.writeHead(200, { 'content-length': 100 }).write('only this')
      setImmediate(() => response.destroy())
    },
    '/last': (request, response) => {
      response.end('closing without a word')
      response.once('finish', () => setImmediate(() => request.socket.destroy()))
    },
  }

  const server = createServer((request, response) => {
    response.on('error', () => {})
    request.on('error', () => {})
    routes[request.url!.split('?')[0]!]!(request, response)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    happened: what =>
      new Promise(resolve => {
        const look = () => {
          if (!events.delete(what)) return
          watchers.delete(look)
          resolve()
        }
        watchers.add(look)
        look()
      }),
    drip: () => drip(),
    async close() {
      const closed = new Promise(resolve => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}
