import { expect, test } from 'vitest'
import { drawFaults, faults } from '../../../labs/faults.ts'
import { readTopology } from '../../../services/topology/file.ts'

const seeds = Array.from({ length: 500 }, (_, i) => i + 1)
const names = (seed: number) => drawFaults(4, seed).map(({ name }) => name)

test('the same seed draws the same faults', () => {
  for (const seed of seeds) expect(names(seed)).toEqual(names(seed))
})

test('four are drawn, of four different slots, and any fault can be', () => {
  for (const seed of seeds) expect(new Set(drawFaults(4, seed).map(({ slot }) => slot)).size).toBe(4)
  expect([...new Set(seeds.flatMap(names))].sort()).toEqual(faults.map(({ name }) => name).sort())
  expect(new Set(seeds.map(seed => names(seed).join())).size).toBeGreaterThan(50)
})

test('they are put in so that no earlier one keeps a later one out', () => {
  for (const seed of seeds) {
    const order = drawFaults(4, seed).map(fault => faults.indexOf(fault))
    expect(order).toEqual([...order].sort((a, b) => a - b))
  }
})

test.each(['shop', 'clinic'])('each has a complaint, a cause and a remedy of its own in %s', name => {
  const topology = readTopology(`topologies/${name}.yaml`)
  const told = faults.map(fault => fault.complaint(topology))
  expect(new Set(told).size).toBe(faults.length)
  for (const fault of faults) {
    expect(fault.cause(topology)).not.toContain('undefined')
    for (const command of fault.remedy(topology))
      expect(command).toMatch(/^\.\/hop (switch \w+ default|reenrol \S+|break-glass --end)$/)
  }
})
