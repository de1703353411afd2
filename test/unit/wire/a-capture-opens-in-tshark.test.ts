import { spawnSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer as createHttpServer, request } from 'node:http'
import { createServer as createHttpsServer, request as httpsRequest } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { encodeProxyHeader } from '../../../services/chassis/proxy-protocol.ts'
import type { Address } from '../../../services/chassis/transport.ts'
import { packetsOf } from '../../../services/wire/packets.ts'
import { writePcapng } from '../../../services/wire/pcapng.ts'
import { createTap } from '../../../services/wire/tap.ts'
import { closed, createCleanup, dialled, listening, tcpServer, throwaway, until } from './support.ts'

const cleanup = createCleanup()
afterEach(cleanup.run)

const tsharkThere = spawnSync('tshark', ['--version']).status === 0
if (!tsharkThere)
  console.warn('\nNOT CHECKED: tshark is not installed, so no capture was opened by a real dissector.\n')

const tapTo = async (address: Address) => {
  const tap = await createTap({ link: 'orders:payments', target: () => address })
  cleanup.later(() => tap.close())
  return tap
}

const dissect = async (capture: Buffer, ...args: string[]): Promise<string> => {
  const directory = await mkdtemp(join(tmpdir(), 'hop-capture-'))
  cleanup.later(() => rm(directory, { recursive: true }))
  const file = join(directory, 'link.pcapng')
  await writeFile(file, capture)
  const checks = ['-o', 'tcp.check_checksum:TRUE', '-o', 'ip.check_checksum:TRUE']
  const { stdout, stderr, status } = spawnSync('tshark', ['-r', file, ...checks, ...args], { encoding: 'utf8' })
  expect(status, stderr).toBe(0)
  return stdout
}

const fields = (filter: string, ...names: string[]): string[] => [
  ...['-Y', filter, '-T', 'fields', '-E', 'separator=|'],
  ...names.flatMap(name => ['-e', name]),
]
const faults = '_ws.malformed || _ws.expert.severity >= 6291456 || tcp.checksum.status == 0 || tcp.analysis.flags'

const post = (send: typeof request, options: object, body: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const outgoing = send(
      { method: 'POST', path: '/charges', host: '127.0.0.1', agent: false, ...options },
      incoming => {
        let text = ''
        incoming.on('data', chunk => {
          text += chunk
        })
        incoming.on('end', () => resolve(text))
      },
    )
    outgoing.on('error', reject)
    outgoing.end(body)
  })
const card = '{"card":"4000000000000002"}'

describe.skipIf(!tsharkThere)('tshark', () => {
  test('dissects an HTTP exchange, handshake to FIN, without a malformed packet', async () => {
    const server = createHttpServer((incoming, response) => incoming.resume().on('end', () => response.end('charged')))
    const tap = await tapTo(await listening(server, cleanup))
    expect(await post(request, { port: tap.address.port }, card)).toBe('charged')
    await until(() => tap.state().connections.open === 0)

    const capture = tap.capture()
    expect(await dissect(capture, ...fields(faults, 'frame.number'))).toBe('')
    const http = await dissect(
      capture,
      ...fields('http', 'http.request.method', 'http.response.code', 'http.file_data'),
    )
    expect(http).toContain(`POST||${card}`)
    expect(http).toContain('|200|charged')
    const flags = await dissect(capture, ...fields('tcp', 'tcp.flags.str'))
    expect(flags.match(/S/g)).toHaveLength(2)
    expect(flags.match(/F/g)).toHaveLength(2)
    const sums = await dissect(
      capture,
      ...fields('tcp.checksum.status == 1 && ip.checksum.status == 1', 'frame.number'),
    )
    expect(sums.trim().split('\n')).toHaveLength(flags.trim().split('\n').length)
  })

  test('dissects TLS 1.3, and decrypts it with the key log in the file, not without', async () => {
    const certificate = throwaway('payments.hop.lab')
    const keyLog: string[] = []
    const server = createHttpsServer({ ...certificate, minVersion: 'TLSv1.3' }, (incoming, response) =>
      incoming.resume().on('end', () => response.end('charged')),
    )
    server.on('keylog', line => keyLog.push(String(line)))
    const tap = await tapTo(await listening(server, cleanup))
    const options = { port: tap.address.port, servername: 'payments.hop.lab', ca: certificate.ca }
    expect(await post(httpsRequest as typeof request, options, card)).toBe('charged')
    await until(() => tap.state().connections.open === 0)
    expect(tap.find(Buffer.from('4000000000000002')).count).toBe(0)
    expect(tap.find(Buffer.from('payments.hop.lab')).findings[0]).toMatchObject({ direction: 'to-callee' })

    const closedCapture = tap.capture()
    expect(await dissect(closedCapture, ...fields(faults, 'frame.number'))).toBe('')
    expect(
      await dissect(closedCapture, ...fields('tls.handshake.type == 1', 'tls.handshake.extensions_server_name')),
    ).toBe('payments.hop.lab\n')
    expect(await dissect(closedCapture, ...fields('http', 'frame.number'))).toBe('')

    const open = await dissect(tap.capture(keyLog), ...fields('http', 'http.request.method', 'http.file_data'))
    expect(open).toContain(`POST|${card}`)
  })

  test('decrypts TLS behind a PROXY header too, and reads who connected from it', async () => {
    const certificate = throwaway('shop.hop.lab')
    const keyLog: string[] = []
    const server = createHttpsServer({ ...certificate, minVersion: 'TLSv1.3' }, (incoming, response) =>
      incoming.resume().on('end', () => response.end('ordered')),
    )
    server.on('keylog', line => keyLog.push(String(line)))
    const tap = await tapTo(await listening(server, cleanup))
    const options = { port: tap.address.port, servername: 'shop.hop.lab', ca: certificate.ca }
    expect(await post(httpsRequest as typeof request, options, card)).toBe('ordered')
    await until(() => tap.state().connections.open === 0)
    const [recorded] = tap.connections()
    const source = { host: '203.0.113.77', port: 40_000 }
    const header = encodeProxyHeader({ source, destination: { host: '198.51.100.1', port: 443 } })
    const [first, ...others] = recorded!.events
    const events = [{ ...first!, bytes: Buffer.concat([header, first!.bytes]) }, ...others]

    const capture = writePcapng(packetsOf([{ ...recorded!, events }]), keyLog)
    expect(await dissect(capture, ...fields(faults, 'frame.number'))).toBe('')
    expect(await dissect(capture, ...fields('proxy', 'proxy.src.ipv4'))).toContain('203.0.113.77')
    const hello = await dissect(capture, ...fields('tls.handshake.type == 1', 'tls.handshake.extensions_server_name'))
    expect(hello).toBe('shop.hop.lab\n')
    const open = await dissect(capture, ...fields('http', 'http.request.method', 'http.file_data'))
    expect(open).toContain(`POST|${card}`)
  })

  test('opens a recording that begins mid-stream, one that ends in a reset, and an IPv6 one', async () => {
    const address = await tcpServer(cleanup, socket => socket.once('data', () => socket.resetAndDestroy()))
    const tap = await tapTo(address)
    const { socket } = await dialled(tap.address, cleanup)
    socket.write('hello')
    await closed(socket)
    await until(() => tap.state().connections.open === 0)
    const [recorded] = tap.connections()
    const capture = tap.capture()
    expect(await dissect(capture, ...fields('tcp.flags.reset == 1', 'tcp.srcport'))).toBe(`${address.port}\n`)

    const late = { ...recorded!, forgotten: { 'to-callee': 5_000_000_000, 'to-caller': 70 } }
    const six = { ...recorded!, caller: { host: '::1', port: 40_000 }, callee: { host: '127.0.0.1', port: 8443 } }
    const all = await dissect(writePcapng(packetsOf([late, six])), ...fields('tcp.len > 0', 'tcp.seq_raw', 'ipv6.src'))
    expect(all).toBe(`${(5_000_000_001 % 2 ** 32).toString()}|\n1|::1\n`)
  })
})
