import { expect, test } from 'vitest'
import { seeAll } from '../../../scenarios/alerts/observe.ts'
import type { LabClient } from '../../../scenarios/lab-client.ts'

const state = (mode: string, rollout: object | null = null) => ({
  mode,
  rollout,
  breakGlass: null,
  workloads: [],
  hops: [],
})

/** A lab that says this of itself, one after the other. */
const saying = (...states: object[]) =>
  ({
    topology: {},
    state: async () => states.shift(),
    switches: async () => ({ renewal: {} }),
    audit: async () => [],
    lifecycle: { trust: async () => ({}), certificates: async () => [] },
  }) as unknown as LabClient

const underWay = { from: 're-encrypt', to: 'mtls' }

test.each([
  ['nothing changes', [state('mtls'), state('mtls')], null],
  ['a rollout is under way', [state('re-encrypt', underWay), state('re-encrypt', underWay)], underWay],
  ['a rollout ends', [state('re-encrypt', underWay), state('mtls')], underWay],
  ['a rollout begins', [state('re-encrypt'), state('re-encrypt', underWay)], underWay],
  ['a rollout begins and ends', [state('re-encrypt'), state('mtls')], underWay],
])('%s while somebody looks', async (_, states, rollout) => {
  expect((await seeAll(saying(...states))).rollout).toEqual(rollout)
})
