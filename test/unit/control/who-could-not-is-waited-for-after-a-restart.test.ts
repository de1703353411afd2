import { expect, test } from 'vitest'
import { HopError } from '../../../pki/error.ts'
import { createFleet } from '../../../services/control/fleet.ts'
import { everybody } from '../../../services/control/waiting.ts'

const begun = (timeoutMs: number | undefined) => {
  const fleet = createFleet()
  const ok = () => fleet.acked('orders')?.ok
  const waiting = everybody(
    fleet,
    {
      behind: () => (ok() === true ? [] : ['orders']),
      refused: () => (ok() === false ? ['orders'] : []),
      late: () => new HopError('late', { message: 'too late' }),
      cannot: names => new HopError('cannot', { message: names.join() }),
    },
    AbortSignal.timeout(10_000),
    timeoutMs,
  )
  fleet.ack('orders', { version: 1, ok: false, drained: false, error: 'the control plane was away' })
  return { waiting, does: () => fleet.ack('orders', { version: 2, ok: true, drained: true }) }
}

test('an operator who waits is told at once that somebody cannot', async () => {
  await expect(begun(5000).waiting).rejects.toMatchObject({ code: 'cannot' })
})

test('what a restart interrupted waits for who could not, until he can', async () => {
  const { waiting, does } = begun(undefined)
  const early = await Promise.race([waiting, new Promise(resolve => setImmediate(resolve, 'still waiting'))])
  expect(early).toBe('still waiting')
  does()
  await waiting
})
