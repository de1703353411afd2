import { expect, test } from 'vitest'
import { brought } from '../../../cli/lessons/page.ts'

const untouched = { rollout: null, rotation: null, breakGlass: null, switched: {}, hops: [], workloads: [] }
type UnderWay = Parameters<typeof brought>[1]

test('a lab that nobody touched is only brought into its mode', () => {
  expect(brought('mtls', untouched)).toBe('The lab is brought into mtls, with nothing switched.')
})

test('what somebody had begun or switched is named, each with what becomes of it', () => {
  const now = {
    rollout: { to: 'mtls' },
    rotation: { what: 'root' },
    breakGlass: { link: 'orders:payments' },
    switched: { clocks: { payments: 7200 } },
    hops: [
      { link: 'edge:gateway', verify: false },
      { link: 'gateway:orders', verify: true },
    ],
    workloads: [{ name: 'inventory', connected: false }],
  } as unknown as UnderWay
  expect(brought('hybrid', now)).toBe(
    'The lab is brought into hybrid, with nothing switched. What is changed at it for that: the rollout to mtls is rolled back, the rotation under way is taken back, break-glass on orders → payments ends, clocks goes back to its default, edge → gateway is verified again and inventory is let in again.',
  )
})
