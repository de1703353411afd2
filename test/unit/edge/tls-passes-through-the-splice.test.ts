import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createServer as createHttpsServer } from 'node:https'
import { connect as tlsConnect } from 'node:tls'
import { Agent, request } from 'undici'
import { afterEach, expect, test } from 'vitest'
import { createCleanup, listening, throwaway, until } from '../wire/support.ts'
import { passthrough, spliceTo } from './passthrough.ts'

const cleanup = createCleanup()
afterEach(cleanup.run)

const start = async () => {
  const certificates = { shop: throwaway('shop.hop.lab'), other: throwaway('other.hop.lab') }
  const backend = async (name: keyof typeof certificates) =>
    listening(
      createHttpsServer(certificates[name], (incoming, response) => {
        incoming.pipe(response)
        if (incoming.method === 'GET') response.end(name)
      }),
      cleanup,
    )
  const splices = [spliceTo(await backend('shop')), spliceTo(await backend('other'), 'other.hop.lab')]
  const edge = await passthrough(splices, cleanup)
  const agent = (name: keyof typeof certificates) => {
    const connect = { servername: `${name}.hop.lab`, ca: certificates[name].ca }
    const made = new Agent({ allowH2: false, connect })
    cleanup.later(() => made.destroy())
    return made
  }
  return { edge, agent, certificates, origin: `https://127.0.0.1:${edge.address.port}` }
}

test('undici reaches the backend its name asks for, and sees that backend’s certificate', async () => {
  const { edge, agent, origin } = await start()
  for (const name of ['shop', 'other'] as const) {
    const { body } = await request(origin, { dispatcher: agent(name) })
    expect(await body.text()).toBe(name)
  }
  expect(edge.seen).toMatchObject([
    { serverName: 'shop.hop.lab', alpn: ['http/1.1'], splice: { serverName: 'shop.hop.lab' } },
    { serverName: 'other.hop.lab' },
  ])
})

test('two megabytes go up and come back unchanged', async () => {
  const { agent, origin } = await start()
  const sent = Buffer.alloc(2 * 1024 * 1024, 'hop ')
  const { body } = await request(origin, { method: 'POST', body: sent, dispatcher: agent('shop') })
  expect(Buffer.from(await body.arrayBuffer()).equals(sent)).toBe(true)
})

test('the certificate is the backend’s; a name for the other’s certificate is not believed', async () => {
  const { edge, certificates } = await start()
  const socket = tlsConnect({ ...edge.address, servername: 'shop.hop.lab', ca: certificates.shop.ca })
  cleanup.later(() => socket.destroy())
  await once(socket, 'secureConnect')
  expect(socket.getPeerCertificate().subjectaltname).toBe('DNS:shop.hop.lab')
  socket.end()
  await until(() => edge.ends.length === 1)
  expect(edge.ends[0]?.failure).toBeUndefined()

  const wrong = tlsConnect({ ...edge.address, servername: 'shop.hop.lab', ca: certificates.other.ca })
  const [error] = await once(wrong, 'error')
  expect(error.code).toBe('UNABLE_TO_GET_ISSUER_CERT_LOCALLY')
})

test('an unknown name ends with the alert unrecognized_name, no name with missing_extension', async () => {
  const { edge, certificates } = await start()
  const refused = async (servername: string): Promise<string> => {
    const [error] = await once(tlsConnect({ ...edge.address, servername, ca: certificates.shop.ca }), 'error')
    return error.code
  }
  expect(await refused('nobody.hop.lab')).toBe('ERR_SSL_TLSV1_UNRECOGNIZED_NAME')
  expect(await refused('')).toBe('ERR_SSL_TLSV13_ALERT_MISSING_EXTENSION')
})

test.skipIf(spawnSync('openssl', ['version']).status !== 0)('openssl s_client, TLS 1.2 and 1.3', async () => {
  const { edge } = await start()
  for (const version of ['-tls1_2', '-tls1_3']) {
    const target = ['-connect', `127.0.0.1:${edge.address.port}`, '-servername', 'other.hop.lab']
    const client = spawn('openssl', ['s_client', version, '-showcerts', ...target], {
      stdio: ['pipe', 'pipe', 'ignore'],
    })
    let output = ''
    client.stdout.on('data', chunk => {
      output += chunk
    })
    client.stdin.end('Q\n')
    await once(client, 'close')
    expect(output).toContain('BEGIN CERTIFICATE')
    expect(output).toContain(version === '-tls1_2' ? 'TLSv1.2' : 'TLSv1.3')
  }
  expect(edge.seen.map(({ serverName }) => serverName)).toEqual(['other.hop.lab', 'other.hop.lab'])
  await until(() => edge.open.size === 0)
})
