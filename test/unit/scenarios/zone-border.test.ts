import { expect, test } from 'vitest'
import zoneBorder, { type Crossing, judgeBorder } from '../../../scenarios/boundary/zone-border.ts'
import { wireCarries } from '../../../scenarios/flows/on-the-wire.ts'
import { hopsOf } from '../../../services/hops.ts'
import { readTopology } from '../../../services/topology/file.ts'

const shop = readTopology('topologies/shop.yaml')
const hops = hopsOf(shop, 'mtls')
const hop = (link: string) => hops.find(candidate => candidate.link.id === link)!
const seen = (how: Partial<Crossing>): Crossing => ({
  ...{ carries: 'tls', bytes: Buffer.from('\x16\x03\x01'), recorded: { transport: 'mtls' }, readable: undefined },
  ...how,
})
const plaintext = seen({ carries: 'plaintext', recorded: { transport: 'plaintext' }, bytes: Buffer.from('POST /') })

test('plaintext across a border is a finding, TLS across it is not', () => {
  expect(judgeBorder(shop, hop('orders:payments'), plaintext)).toMatchObject({
    verdict: 'broken',
    because: 'plaintext crosses the border from internal to sensitive',
    control: { passed: true },
  })
  expect(judgeBorder(shop, hop('orders:payments'), seen({}))).toMatchObject({
    verdict: 'holds',
    control: { passed: true },
  })
})

test('plaintext inside a zone is noted and no more', () => {
  expect(judgeBorder(shop, hop('orders:inventory'), plaintext)).toMatchObject({
    verdict: 'not-applicable',
    because: 'plaintext inside the zone internal, noted: no border is crossed',
    control: { passed: true },
  })
})

test('a link where nothing passed, or whose ends tell another story than its bytes, shows nothing', () => {
  for (const odd of [
    seen({ carries: 'nothing', bytes: Buffer.alloc(0) }),
    seen({ recorded: undefined }),
    seen({ recorded: { transport: 'plaintext' } }),
    seen({ carries: 'plaintext' }),
  ])
    expect(judgeBorder(shop, hop('orders:payments'), odd).control.passed).toBe(false)
})

test('the border decides what is expected, whatever the mode', () => {
  const expected = (link: string, transport: 'plaintext' | 'tls') => zoneBorder.expected({ ...hop(link), transport })
  expect(expected('orders:payments', 'plaintext')).toBe('broken')
  expect(expected('orders:payments', 'tls')).toBe('holds')
  expect(expected('orders:inventory', 'plaintext')).toBe('not-applicable')
})

const said = (...texts: string[]) =>
  texts.map((text, id) => ({ id, bytes: { 'to-callee': Buffer.from(text, 'latin1'), 'to-caller': Buffer.alloc(0) } }))

test('the first bytes tell TLS from plaintext, behind a PROXY header too; one plaintext connection is enough', () => {
  const hello = '\x16\x03\x01\x00\x05hello'
  const proxied = `\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x0c${'\x7f'.repeat(12)}`
  expect(wireCarries(said(hello, `${proxied}${hello}`))).toBe('tls')
  expect(wireCarries(said(hello, 'POST / HTTP/1.1'))).toBe('plaintext')
  expect(wireCarries(said(`${proxied}POST /`))).toBe('plaintext')
  expect(wireCarries(said(''))).toBe('nothing')
})
