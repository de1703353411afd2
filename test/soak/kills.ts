import { setTimeout as wait } from 'node:timers/promises'
import {
  type RotationStep,
  type RotationSubject,
  rotationSteps,
} from '../../services/control/certificates/rotation-steps.ts'
import { type Books, readBooks } from './books.ts'
import { type Crowd, startClients } from './clients.ts'
import { watchPeers } from './peers.ts'
import { createRandom } from './random.ts'
import { type Shop, startShop } from './shop.ts'
import { createTally, type Loss } from './tally.ts'

/** When the control plane dies: as a step is announced, as it is reached, or at any instant of it. */
export type Moment = 'announced' | 'reached' | 'any'

export const moments: readonly Moment[] = ['announced', 'reached', 'any']

export type KillOptions = { kills: number; seed: number; crowd: Crowd; lifetimeS: number; say: (line: string) => void }

export type KillResult = {
  seed: number
  kills: number
  /** Kills after which the rotation got to the end of its step and everybody was settled. */
  recovered: number
  /** How many of which, `distrust announced`. */
  covered: Record<string, number>
  slowest: { what: string; ms: number }
  answered: number
  lost: Loss[]
  /** Serials that somebody held, and those of them that two held or the ledger does not know. */
  serials: { seen: number; twice: string[]; unknown: string[] }
  rotations: number
  failures: string[]
  books: Books
}

/** Rotates CAs under load and kills the control plane in each step of each rotation: see `kill.ts`. */
export const killAtEveryStep = async (options: KillOptions): Promise<KillResult> => {
  const random = createRandom(options.seed)
  const tally = createTally()
  const lifetimes = { workloadMs: options.lifetimeS * 1000, publicMs: options.lifetimeS * 1000 }
  const shop = await startShop({ lifetimes, initialMode: 'mtls' })
  const clients = await startClients(shop, tally, options.crowd, watchPeers())
  const failures: string[] = []
  const covered: Record<string, number> = {}
  const holders = new Map<string, Set<string>>()
  let kills = 0
  let recovered = 0
  let slowest = { what: 'none', ms: 0 }
  let rotations = 0

  /** One step of a rotation, in which the control plane is killed; resolves when it is reached all the same. */
  const step = async (what: RotationSubject, step: RotationStep, moment: Moment): Promise<void> => {
    const began = performance.now()
    tally.during = `rotate ${what}: ${step}, killed (${moment})`
    await killedAt(shop, what, step, moment, random.number(250))
    kills++
    covered[`${step} ${moment}`] = (covered[`${step} ${moment}`] ?? 0) + 1
    await shop.control.start()
    await shop.settled()
    await finished(shop, what, step)
    await shop.settled()
    recovered++
    const ms = Math.round(performance.now() - began)
    if (ms > slowest.ms) slowest = { what: tally.during, ms }
  }

  const clientsFollow = (step: RotationStep): Promise<void> =>
    step === 'reissue' ? clients.renewInner() : clients.trustAgain()

  try {
    while (kills < options.kills && failures.length === 0) {
      const what: RotationSubject = rotations % 2 === 0 ? 'root' : 'intermediate'
      for (const name of rotationSteps) {
        // each step meets each moment in turn; beyond that, chance decides
        const moment = rotations < moments.length ? moments[rotations]! : random.pick(moments)
        await step(what, name, moment).catch(error => failures.push(`${tally.during}: ${error}`))
        await clientsFollow(name).catch(error => failures.push(`after ${tally.during}: ${error}`))
      }
      rotations++
      for (const row of await heldBy(shop)) note(holders, row.serial, row.key)
      if (rotations % 5 === 0)
        options.say(`${kills} kills, ${recovered} recovered, ${tally.total()} answered, ${tally.lost.length} lost`)
    }
    await clients.stop()
    await shop.control.kill()
    const seen = [...holders.keys(), ...clients.serials()]
    const books = readBooks(shop.stateDir, seen)
    const twice = [...holders].filter(([, keys]) => keys.size > 1).map(([serial]) => serial)
    return {
      ...{
        seed: options.seed,
        kills,
        recovered,
        covered,
        slowest,
        rotations,
        failures,
        books,
      },
      ...{ answered: tally.total(), lost: tally.lost },
      serials: { seen: seen.length, twice, unknown: books.unknown },
    }
  } finally {
    await clients.stop()
    await shop.close()
  }
}

const killedAt = async (shop: Shop, what: RotationSubject, step: RotationStep, moment: Moment, ms: number) => {
  const due = Promise.withResolvers<void>()
  const rotating = shop.lab.lifecycle
    .rotate(what, {
      ...(step === 'distrust' ? {} : { stopAt: step }),
      onProgress: said => {
        if (said.step === step && said.type === (moment === 'reached' ? 'reached' : 'step')) due.resolve()
      },
    })
    .then(
      () => due.resolve(),
      () => due.resolve(),
    )
  if (moment === 'any') await wait(ms)
  else await due.promise
  await shop.control.kill()
  await rotating
}

/** It goes on by itself. Only a rotation that was killed before it was stored has to be begun again. */
const finished = async (shop: Shop, what: RotationSubject, step: RotationStep): Promise<void> => {
  const { lifecycle } = shop.lab
  const { rotation } = await lifecycle.trust()
  if (!rotation && step === 'trust') return void (await lifecycle.rotate(what, { stopAt: step }))
  // killed before the order to go on was stored: it still holds at the step before
  if (rotation && rotation.step !== step && rotation.reached && rotation.stopAt === rotation.step)
    return void (await lifecycle.rotate(what, step === 'distrust' ? {} : { stopAt: step }))
  for (const late = performance.now() + 30_000; ; await wait(20)) {
    const { rotation: now } = await lifecycle.trust()
    if (step === 'distrust' ? now === null : now?.step === step && now.reached) return
    if (performance.now() > late) throw new Error(`it did not go on by itself: ${JSON.stringify(now)}`)
  }
}

const heldBy = async (shop: Shop) =>
  (await Promise.all(Object.keys(shop.topology.workloads).map(name => reportOf(shop, name)))).flatMap(
    ({ held }) => held,
  )

/** On a busy machine it may be too slow to answer at first, or between two streams. */
const reportOf = async (shop: Shop, name: string) => {
  for (let tries = 1; ; tries++) {
    try {
      return await shop.lab.report(name)
    } catch (error) {
      if (tries === 10) throw error
      await wait(200)
    }
  }
}

const note = (holders: Map<string, Set<string>>, serial: string, key: string): void => {
  const keys = holders.get(serial) ?? new Set()
  holders.set(serial, keys.add(key))
}
