import { expect, test } from 'vitest'
import { parseSpiffeId, spiffeId } from '../../../pki/spiffe.ts'
import { codeOf } from './issued.ts'

test.each([
  ['spiffe://hop.lab/orders', 'hop.lab', '/orders'],
  ['spiffe://hop.lab', 'hop.lab', ''],
  ['spiffe://a_b-c.1/X/y.Z/_-', 'a_b-c.1', '/X/y.Z/_-'],
  ['spiffe://hop.lab/...', 'hop.lab', '/...'],
  [`spiffe://hop.lab/${'x'.repeat(2031)}`, 'hop.lab', `/${'x'.repeat(2031)}`],
  [`spiffe://${'d'.repeat(255)}/a`, 'd'.repeat(255), '/a'],
])('%s is one', (text, trustDomain, path) => {
  expect(parseSpiffeId(text)).toEqual({ trustDomain, path })
})

test.each([
  ['', 'scheme'],
  ['hop.lab/orders', 'scheme'],
  ['https://hop.lab/orders', 'scheme'],
  ['SPIFFE://hop.lab/orders', 'scheme'],
  [' spiffe://hop.lab/orders', 'scheme'],
  ['spiffe:/hop.lab/orders', 'scheme'],
  ['spiffe://', 'trust-domain'],
  ['spiffe:///orders', 'trust-domain'],
  ['spiffe://Hop.lab/orders', 'trust-domain'],
  ['spiffe://hop.lab:443/orders', 'trust-domain'],
  ['spiffe://me@hop.lab/orders', 'trust-domain'],
  ['spiffe://hop.lab?a/orders', 'trust-domain'],
  ['spiffe://höp.lab/orders', 'trust-domain'],
  ['spiffe://hop.lab\n', 'trust-domain'],
  [`spiffe://${'d'.repeat(256)}/a`, 'trust-domain'],
  ['spiffe://hop.lab/orders?x', 'path'],
  ['spiffe://hop.lab/orders#x', 'path'],
  ['spiffe://hop.lab/%6frders', 'path'],
  ['spiffe://hop.lab/or ders', 'path'],
  ['spiffe://hop.lab/orders\n', 'path'],
  ['spiffe://hop.lab/orders\0', 'path'],
  ['spiffe://hop.lab/orders,URI:spiffe://hop.lab/x', 'path'],
  ['spiffe://hop.lab/', 'empty-segment'],
  ['spiffe://hop.lab/orders/', 'empty-segment'],
  ['spiffe://hop.lab//orders', 'empty-segment'],
  ['spiffe://hop.lab/./orders', 'dot-segment'],
  ['spiffe://hop.lab/../orders', 'dot-segment'],
  [`spiffe://hop.lab/${'x'.repeat(2032)}`, 'too-long'],
])('%j is refused: %s', (text, what) => {
  expect(codeOf(() => parseSpiffeId(text))).toBe(`spiffe-id-${what}`)
})

test('an ID is made of a trust domain and a workload, and checked', () => {
  expect(spiffeId('hop.lab', 'orders')).toBe('spiffe://hop.lab/orders')
  expect(codeOf(() => spiffeId('hop.lab', '../x'))).toBe('spiffe-id-dot-segment')
  expect(codeOf(() => spiffeId('hop.lab', ''))).toBe('spiffe-id-empty-segment')
  expect(codeOf(() => spiffeId('hop.lab/a', 'x'))).toBe('spiffe-id-trust-domain')
})
