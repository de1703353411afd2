import { expect, test } from 'vitest'
import { createRotationMoves } from '../../../services/control/certificates/rotation-moves.ts'
import type { RotationRow } from '../../../services/control/certificates/rotation-steps.ts'
import { readTopology } from '../../../services/topology/file.ts'
import { authorityFor } from '../pki/issued.ts'

const row: RotationRow = {
  ...{ what: 'root', step: 'trust', reached: false, stopAt: null, careless: null, back: false },
}

test('a disk that refuses a step leaves the authority as it was, and nobody is told', () => {
  const authority = authorityFor()
  const before = authority.exportState()
  const published: string[] = []
  const moves = createRotationMoves({
    topology: readTopology('topologies/shop.yaml'),
    authority,
    fleet: {} as never,
    publisher: { publish: (change: () => void) => change() } as never,
    trust: { publish: () => published.push('trust') } as never,
    store: {
      audit: { note: () => {} },
      intent: {
        setAuthority: () => {},
        setRotation() {
          throw new Error('the disk is full')
        },
      },
    } as never,
  })
  expect(() => moves.enter(row, () => void authority.add('root'))).toThrow('the disk is full')
  expect(authority.exportState()).toEqual(before)
  expect(published).toEqual([])
})
