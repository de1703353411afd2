import { expect, test } from 'vitest'
import { isWithin } from '../../../services/topology/sidecars.ts'
import { topologyOf } from '../../support/topologies.ts'

const { topology: earlyTeam } = topologyOf('early-team')
const { topology: shop } = topologyOf('shop')

test('a sidecar’s way to its application stays within', () => {
  expect(isWithin(shop, 'shipping', 'shipping:app')).toBe(true)
  expect(isWithin(shop, 'orders', 'orders:shipping')).toBe(false)
})

test('a workload that is called as sidecars call their applications is a workload', () => {
  expect(earlyTeam.links.map(({ id }) => id)).toContain('edge:app')
  expect(isWithin(earlyTeam, 'edge', 'edge:app')).toBe(false)
})
