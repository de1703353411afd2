import { statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { answerOf, createHome, hop } from '../support/cli.ts'
import { run, witness } from './tools.ts'

const there = witness('tshark', 'no capture of the lab was read by a dissector that is not ours.')

const home = createHome()
const state = home.dir('lab')

/** One packet layer by layer as tshark's JSON has it. */
type Packet = { _source: { layers: Record<string, unknown> } }

const dissect = async (file: string, ...args: string[]): Promise<string> => {
  const { code, out, err } = await run('tshark', ['-r', file, ...args])
  expect([code, err.replace(/^Running as user.*\n/m, '')]).toEqual([0, ''])
  return out
}
const packets = async (file: string, filter: string): Promise<Packet[]> =>
  JSON.parse((await dissect(file, '-Y', filter, '-T', 'json')) || '[]')

/** Requests and answers, as method, target, status and body, in the order in which they passed. */
const exchanges = async (file: string): Promise<string[]> => {
  const names = ['http.request.method', 'http.request.uri', 'http.response.code', 'http.file_data']
  const fields = names.flatMap(name => ['-e', name])
  const out = await dissect(file, '-Y', 'http', '-T', 'fields', '-E', 'separator=|', ...fields)
  // tshark 4 writes bodies in hex, tshark 3 as text
  return out
    .split('\n')
    .filter(line => line !== '')
    .map(line => line.replace(/[0-9a-f]{20,}/, hex => Buffer.from(hex, 'hex').toString()))
}
const versions = async (file: string): Promise<string[]> => [
  ...new Set(
    (
      await dissect(
        file,
        '-Y',
        'tls.handshake.type == 2',
        '-T',
        'fields',
        '-e',
        'tls.handshake.extensions.supported_version',
      )
    )
      .trim()
      .split('\n'),
  ),
]

const capture = async (link: string, name: string, ...words: string[]) => {
  const file = join(home.home, name)
  const { code, answer } = await answerOf('capture', link, '-o', file, ...words, '--state', state)
  expect([code, statSync(file).mode & 0o777]).toEqual([0, 0o600])
  return { file, answer }
}

const cardShaped = /"card":"(4\d{15})"/
/** In the bytes as they were on the wire, whatever a dissector makes of them. */
const cardOnTheWire = 'tcp.payload matches "card.{3}4[0-9]{15}"'

describe.skipIf(!there)('tshark', () => {
  beforeAll(async () => {
    expect(await hop('up', '--detach', '--state', state)).toMatchObject({ code: 0 })
  })
  afterAll(async () => {
    await hop('down', '--state', state)
    home.clean()
  })

  const mode = async (name: string) => expect(await hop('mode', name, '--state', state)).toMatchObject({ code: 0 })

  test.each(['gateway:orders', 'orders:payments'])('reads the card number on %s where it is plaintext', async link => {
    await mode('edge-terminate-plaintext')
    const { file } = await capture(link, 'plain.pcapng')
    const seen = await exchanges(file)
    expect(seen[0]).toMatch(/^POST\|\/(orders|charges)\|\|/)
    expect(seen[0]).toMatch(cardShaped)
    expect(seen.at(-1)).toMatch(/^\|[^|]*\|201\|/)
    expect(await packets(file, cardOnTheWire)).toHaveLength(1)
    expect(await packets(file, 'tls')).toEqual([])
    expect(await dissect(file, '-Y', '_ws.malformed')).toBe('')
  })

  test.each([
    ['re-encrypt', 'orders:payments'],
    ['mtls', 'orders:payments'],
    ['mtls', 'client:edge'],
    ['passthrough', 'client:edge'],
  ])('reads neither HTTP nor the card number under %s on %s, and both again with the keys', async (name, link) => {
    await mode(name)
    const { file } = await capture(link, 'closed.pcapng')
    expect(await exchanges(file)).toEqual([])
    expect(await versions(file)).toEqual(['0x0304'])
    const [hello] = await packets(file, 'tls.handshake.type == 1')
    expect(JSON.stringify(hello)).toContain(link === 'client:edge' ? 'shop.hop.lab' : 'payments.svc.hop.lab')
    expect(await packets(file, cardOnTheWire)).toEqual([])

    const { file: opened, answer } = await capture(link, 'opened.pcapng', '--with-keys')
    expect(answer.keys).toBeGreaterThan(0)
    const seen = await exchanges(opened)
    expect(seen[0]).toMatch(/^POST\|\/(orders|charges)\|\|/)
    expect(seen[0]).toMatch(cardShaped)
    expect(seen.at(-1)).toMatch(/^\|[^|]*\|201\|/)
  })

  test('finds no certificate of the caller in the handshake of tls, and one under mutual TLS', async () => {
    const certificates = async (name: string) => {
      await mode(name)
      const { file } = await capture('orders:payments', `${name}.pcapng`, '--with-keys')
      const from = await dissect(
        file,
        '-Y',
        'tls.handshake.certificate_length > 0',
        '-T',
        'fields',
        '-e',
        'tcp.srcport',
      )
      return from.trim().split('\n').length
    }
    expect([await certificates('re-encrypt'), await certificates('mtls')]).toEqual([1, 2])
  })
})
