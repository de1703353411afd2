import { readFileSync } from 'node:fs'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { createServer as createTlsServer } from 'node:tls'

// The cheapest backend Node can be: 1 KB for every blank line, no HTTP parser. Speaks plain, tls and mtls on three ports.
const dir = process.argv[2]!
const read = (name: string) => readFileSync(join(dir, name), 'utf8')

const body = 'x'.repeat(1024)
const answer = Buffer.from(
  `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\nContent-Length: 1024\r\n\r\n${body}`,
)

const serve = (socket: Socket) => {
  socket.setNoDelay(true)
  socket.on('error', () => {})
  socket.on('data', chunk => {
    for (let at = chunk.indexOf('\r\n\r\n'); at >= 0; at = chunk.indexOf('\r\n\r\n', at + 4)) socket.write(answer)
  })
}

const tls = {
  key: read('backend.key'),
  cert: read('backend.pem'),
  ca: read('bundle.pem'),
  minVersion: 'TLSv1.3' as const,
}
const servers: Record<string, Server> = {
  plain: createServer(serve),
  tls: createTlsServer(tls, serve),
  mtls: createTlsServer({ ...tls, requestCert: true, rejectUnauthorized: true }, serve),
}

const ports: Record<string, number> = {}
for (const [name, server] of Object.entries(servers)) {
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  ports[name] = (server.address() as AddressInfo).port
}
process.send!(ports)
process.on('disconnect', () => process.exit())
