import type { Switches } from '../../services/control/rollout/switches.ts'
import type { LabClient } from '../lab-client.ts'
import type { Attempt } from '../tools/attempt.ts'
import { succeeded } from './evidence.ts'
import { readUntil, untilAfter } from './patience.ts'
import { reportsNow } from './records.ts'
import { placeOrder } from './stand-in.ts'

/**
 * What is done while certificates that were left to expire are still valid takes this long at most, ms, on an idle machine.
 * That they came is told only when connections of the earlier ones are gone, which alone may take a quarter of it.
 */
const usualRoomMs = 600

/** The slower the machine is now, the more room: so many times as long as it takes to enrol somebody. */
const slowness = 8

const mostTries = 3

/**
 * Gives workloads certificates that end soon, takes care that none follows, and does `inTime` while they are valid (it gets the
 * first end, ms since the epoch): on a machine too slow for that, again with more room. It begins with what will help a workload up again: once its certificate
 * has ended it can ask for nothing. Throws `reenrol-by-hand` where that is not within reach.
 */
export const leaveToExpire = async <Result>(
  lab: LabClient,
  workloads: readonly string[],
  inTime: (end: number) => Promise<Result>,
  roomMs = usualRoomMs,
): Promise<Result> => {
  for (let tries = 1; ; tries++) {
    const last = tries === mostTries
    try {
      const began = performance.now()
      await Promise.all(workloads.map(name => lab.lifecycle.reenrol(name)))
      await neglect(lab, workloads, Math.max(roomMs, slowness * (performance.now() - began)) * tries)
      const end = await firstEnd(lab, workloads)
      const result = await inTime(end)
      if (last || Date.now() < end) return result
    } catch (error) {
      // who has no valid certificate any more neither does as told nor tells
      if (last) throw error
    }
    await lookAfter(lab, ...workloads)
  }
}

/** Certificates end on whole seconds: issued for as many as leave so much room, and none more. */
const neglect = async (lab: LabClient, workloads: readonly string[], roomMs: number): Promise<void> => {
  const lifetimeS = Math.ceil(((Date.now() % 1000) + roomMs) / 1000)
  const atTheLatest = untilAfter(Date.now() + lifetimeS * 1000)
  const { renewal } = await lab.switches()
  const off = Object.fromEntries(workloads.map(name => [name, { on: false, lifetimeS }]))
  await lab.setSwitch('renewal', { ...renewal, ...off })
  const renewed = Promise.all(workloads.map(name => lab.lifecycle.renew(name)))
  renewed.catch(() => {})
  // who has not said so before his certificate ended cannot say so any more
  await Promise.race([renewed, atTheLatest])
}

const firstEnd = async (lab: LabClient, workloads: readonly string[]): Promise<number> => {
  const reports = Object.values(await reportsNow(lab, [...workloads]))
  return Math.min(...reports.flatMap(({ held }) => held.map(({ notAfter }) => Date.parse(notAfter))))
}

/**
 * Undoes that: renewal is on again, and the workloads have ordinary certificates, whether or not the others had ended. All
 * who did not do as told are named at once: what an operator sets is waited for until everybody who is connected has done it.
 */
export const lookAfter = async (lab: LabClient, ...workloads: string[]): Promise<void> => {
  const helpUp = async () => {
    const { renewal } = await lab.switches()
    // they cannot say that they have taken this before they are up again, but are to enrol with ordinary certificates
    const set = lab.setSwitch('renewal', omit(renewal, workloads))
    set.catch(() => {})
    await readUntil(
      () => lab.switches(),
      now => workloads.every(name => !now.renewal[name]),
    )
    await Promise.all(workloads.map(name => lab.lifecycle.reenrol(name)))
    await set
    await Promise.all(workloads.map(name => lab.lifecycle.renew(name)))
  }
  const { renewal } = await lab.switches()
  if (workloads.some(name => renewal[name])) await helpUp().catch(helpUp)
}

const omit = (renewal: Switches['renewal'], names: readonly string[]): Switches['renewal'] =>
  Object.fromEntries(Object.entries(renewal).filter(([name]) => !names.includes(name)))

/** Orders one thing after the other until one fails; the last attempt, which succeeded where none failed in time. */
export const orderUntilItFails = (lab: LabClient): Promise<Attempt> =>
  readUntil(
    () => placeOrder(lab),
    attempt => !succeeded(attempt),
    { tries: 60, pauseMs: 40 },
  )
