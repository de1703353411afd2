import { expect, test } from 'vitest'
import { ipBytes, ipText } from '../../../services/chassis/ip-bytes.ts'
import { encodeProxyHeader, parseProxyHeader } from '../../../services/chassis/proxy-protocol.ts'

const four = { source: { host: '203.0.113.9', port: 51_000 }, destination: { host: '127.0.0.1', port: 443 } }
const six = {
  source: { host: '2001:db8:0:0:0:0:0:9', port: 51_000 },
  destination: { host: '0:0:0:0:0:0:0:1', port: 443 },
}
const header = encodeProxyHeader(four)

test('28 bytes for IPv4, as the specification lays them out', () => {
  expect(header.toString('hex')).toBe(
    '0d0a0d0a000d0a515549540a' + '2111000c' + 'cb007109' + '7f000001' + 'c738' + '01bb',
  )
  expect(encodeProxyHeader(six)).toHaveLength(52)
})

test('what was encoded is read back, with whatever follows left alone', () => {
  const rest = Buffer.from('GET /')
  expect(parseProxyHeader(Buffer.concat([header, rest]))).toEqual({ connection: four, length: 28 })
  expect(parseProxyHeader(encodeProxyHeader(six))).toEqual({ connection: six, length: 52 })
  const mixed = parseProxyHeader(encodeProxyHeader({ ...six, source: four.source }))
  expect(mixed?.connection?.source.host).toBe('0:0:0:0:0:ffff:cb00:7109')
})

test('every incomplete beginning asks for more', () => {
  for (let length = 0; length < header.length; length += 1) {
    expect(parseProxyHeader(header.subarray(0, length))).toBeUndefined()
  }
})

test('LOCAL carries no address; extras that add up are skipped', () => {
  const local = Buffer.from(header)
  local[12] = 0x20
  expect(parseProxyHeader(local)).toEqual({ length: 28 })
  const extras = Buffer.concat([header, Buffer.from('04000355aa55', 'hex')])
  extras.writeUInt16BE(18, 14)
  expect(parseProxyHeader(extras)).toEqual({ connection: four, length: 34 })
})

const changed = (at: number, value: number): Buffer => {
  const bytes = Buffer.from(header)
  bytes[at] = value
  return bytes
}
const extrasCutOff = Buffer.concat([changed(15, 16), Buffer.from('04000355', 'hex')])

test.each([
  ['TLS', Buffer.from('16030100', 'hex'), 'signature'],
  ['version 1', Buffer.from('PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n'), 'signature'],
  ['a wrong last byte of the signature', changed(11, 0), 'signature'],
  ['version 3', changed(12, 0x31), 'version and command'],
  ['an unknown command', changed(12, 0x22), 'version and command'],
  ['UDP', changed(13, 0x12), 'family'],
  ['a Unix socket', changed(13, 0x31), 'family'],
  ['unspecified, but PROXY', changed(13, 0), 'family'],
  ['too short for its addresses', changed(15, 11), 'length'],
  ['more than 512 bytes', changed(14, 3), 'length'],
  ['extras that do not add up', extrasCutOff, 'extras'],
])('refused: %s', (_, bytes, field) => {
  const named = { code: 'proxy-header-malformed', field: `proxy header ${field}` }
  expect(() => parseProxyHeader(bytes)).toThrow(expect.objectContaining(named))
})

test('IP literals as bytes and back', () => {
  expect(ipText(ipBytes('::ffff:1.2.3.4'))).toBe('0:0:0:0:0:ffff:102:304')
  expect(ipText(ipBytes('fe80::1%lo'))).toBe('fe80:0:0:0:0:0:0:1')
  expect(ipText(ipBytes('::'))).toBe('0:0:0:0:0:0:0:0')
  expect(ipText(ipBytes('1:2:3:4:5:6:7:8'))).toBe('1:2:3:4:5:6:7:8')
  expect(ipText(ipBytes('10.0.0.1'))).toBe('10.0.0.1')
  expect(() => ipBytes('localhost')).toThrow(expect.objectContaining({ code: 'address-invalid' }))
})
