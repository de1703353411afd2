import { expect, test } from 'vitest'
import { untilAfter } from '../../../scenarios/flows/patience.ts'

const beBusyUntil = (moment: number) => {
  while (Date.now() < moment);
}

test('on a busy machine too, where a timer counts from when the process last looked at the time', async () => {
  for (let tries = 0; tries < 20; tries++) {
    await new Promise(resolve => setImmediate(resolve))
    beBusyUntil(Date.now() + 10)
    const moment = Date.now() + 4
    await untilAfter(moment)
    expect(Date.now()).toBeGreaterThan(moment)
  }
})

test('one that has passed is not waited for', async () => {
  await untilAfter(Date.now() - 3_600_000)
})
