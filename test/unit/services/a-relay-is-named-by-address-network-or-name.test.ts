import { expect, test } from 'vitest'
import { readRelay } from '../../../services/process/relay-setting.ts'

const read = (text: string, more: Parameters<typeof readRelay>[2] = {}) => readRelay(text, '--relay', more)

test.each([
  ['10.7.0.9', '10.7.0.9', true],
  ['10.7.0.9', '10.7.0.8', false],
  ['10.7.0.9, 10.8.0.9', '10.8.0.9', true],
  ['10.7.0.0/24', '10.7.0.200', true],
  ['10.7.0.0/24', '10.7.1.1', false],
  ['fd00::/64', 'fd00::7', true],
  ['10.7.0.9', 'unknown', false],
])('%s and %s: %s', async (text, address, known) => {
  expect(await read(text)(address)).toBe(known)
})

test('a name is looked up anew, so that a relay that comes back with another address is known by it', async () => {
  let at = 0
  let addresses = ['10.7.0.2']
  const isRelay = read('wire, 10.9.0.1', { resolve: async () => addresses, now: () => at })
  expect(await isRelay('10.7.0.2')).toBe(true)
  addresses = ['10.7.0.3']
  expect(await isRelay('10.7.0.3')).toBe(false)
  at += 1_000
  expect(await isRelay('10.7.0.3')).toBe(true)
  expect(await isRelay('10.7.0.2')).toBe(false)
  expect(await isRelay('10.9.0.1')).toBe(true)
})

test('a name that nobody knows is nobody’s', async () => {
  const isRelay = read('wire', { resolve: () => Promise.reject(new Error('ENOTFOUND')) })
  expect(await isRelay('10.7.0.2')).toBe(false)
})

test.each(['', '10.7.0.9,', '10.7.0.0/0', '10.7.0.0/33', '10.7.0.999', 'wire/24', 'a b', 'http://wire'])(
  '%j names nobody, and is said to',
  text => expect(() => read(text)).toThrow(expect.objectContaining({ code: 'usage' })),
)
