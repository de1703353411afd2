import { expect, test } from 'vitest'
import { createRotation } from '../../../services/control/certificates/rotation.ts'
import type { RotationRow } from '../../../services/control/certificates/rotation-steps.ts'
import { createFleet } from '../../../services/control/fleet.ts'
import { readTopology } from '../../../services/topology/file.ts'
import { authorityFor } from '../pki/issued.ts'

/** A control plane that was started anew in the last step, and waits for one workload. */
const resumed = () => {
  const authority = authorityFor()
  const added = authority.add('root')
  authority.arrange(added, [added])
  let row: RotationRow | undefined = {
    ...{ what: 'root', step: 'distrust', reached: false, stopAt: null, careless: null, back: false },
  }
  let ready = false
  const fleet = createFleet()
  const audit = { note: () => {}, throughout: (_: unknown, work: () => unknown) => Promise.resolve(work()) }
  const intent = {
    rotation: () => row,
    rollout: () => undefined,
    addresses: () => ({ orders: { host: '127.0.0.1', port: 1 } }),
    setAuthority: () => {},
    setRotation(next: RotationRow | undefined) {
      row = next
    },
  }
  const publisher = {
    publish: (change?: () => void) => change?.(),
    version: () => 1,
    switches: () => ({ revocation: { lists: 'renewed' } }),
  }
  const trust = {
    ...{ holds: () => ready, withheld: () => false, version: () => 1, publish: () => {}, refreshOwn: () => {} },
  }
  const rotation = createRotation({
    ...{ topology: readTopology('topologies/shop.yaml'), authority, fleet, ackTimeoutMs: 1000 },
    ...{ publisher: publisher as never, trust: trust as never, log: { error: () => {} } },
    store: { audit, intent, ledger: { find: () => undefined }, scrub: () => {} } as never,
  })
  rotation.resume()
  const answers = () => {
    ready = true
    fleet.ackTrust('orders', { version: 1, ok: true, drained: true, at: 0 })
  }
  return { rotation, authority, added, answers, row: () => row }
}

test('the last answer and the operator come at once: what was asked for is done, and the CA in use stays', async () => {
  const { rotation, authority, added, answers, row } = resumed()
  await new Promise(resolve => setImmediate(resolve))
  answers()
  expect(await rotation.to('root', {})).toEqual({ what: 'root' })
  expect(row()).toBeUndefined()
  expect(authority.generations()).toMatchObject([{ id: added, signs: true, trusted: true }])
})
