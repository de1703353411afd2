import { expect, test } from 'vitest'
import { cameFrom, connectedFrom, freshAddress } from '../../../scenarios/tools/source.ts'

const record = { remoteAddress: '10.7.0.5', remotePort: 40_123 }
const handedOn = { ...record, proxiedBy: '10.7.0.9', proxyPort: 50_456 }

test('by an address that is nobody else’s, whatever the port', () => {
  expect(cameFrom({ remoteAddress: '127.80.1.2', remotePort: 1 }, { from: '127.80.1.2' })).toBe(true)
  expect(cameFrom({ remoteAddress: '127.80.1.3', remotePort: 1 }, { from: '127.80.1.2' })).toBe(false)
})

test('by address and port where others come from that address too', () => {
  expect(cameFrom(record, { from: '10.7.0.5', fromPort: 40_123 })).toBe(true)
  expect(cameFrom(record, { from: '10.7.0.5', fromPort: 40_124 })).toBe(false)
  expect(cameFrom({ remoteAddress: '10.7.0.5' }, { from: '10.7.0.5', fromPort: 40_123 })).toBe(false)
})

test('by who was at the other end, whomever he spoke for', () => {
  expect(connectedFrom(handedOn, { from: '10.7.0.9', fromPort: 50_456 })).toBe(true)
  expect(connectedFrom(handedOn, { from: '10.7.0.5', fromPort: 40_123 })).toBe(false)
  expect(connectedFrom(record, { from: '10.7.0.5', fromPort: 40_123 })).toBe(true)
})

test('never where nothing is known', () => {
  expect(cameFrom({}, {})).toBe(false)
  expect(connectedFrom({ remoteAddress: '10.7.0.5' }, {})).toBe(false)
})

test('a fresh address is chosen on loopback only', () => {
  expect(freshAddress({ host: '127.0.0.1', port: 1 })).toMatch(/^127\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\./)
  expect(freshAddress({ host: 'orders', port: 8443 })).toBeUndefined()
  expect(freshAddress({ host: '10.7.0.5', port: 8443 })).toBeUndefined()
})
