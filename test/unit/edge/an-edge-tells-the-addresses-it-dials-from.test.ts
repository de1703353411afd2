import { networkInterfaces } from 'node:os'
import { expect, test } from 'vitest'
import { machineAddresses } from '../../../services/edge/own-address.ts'

const all = Object.values(networkInterfaces()).flatMap(addresses => addresses ?? [])

test('on loopback its machine’s are everybody’s, so it tells none of them', () => {
  expect(machineAddresses()).toEqual([])
  expect(machineAddresses('127.0.0.7')).toEqual([])
})

test('elsewhere its machine is its own: the addresses of its networks, and none of loopback', () => {
  const told = machineAddresses('0.0.0.0')
  expect(told.some(address => all.some(one => one.internal && one.address === address))).toBe(false)
  expect(told).toEqual(
    all.filter(({ internal, address }) => !internal && !address.startsWith('fe80:')).map(a => a.address),
  )
})
