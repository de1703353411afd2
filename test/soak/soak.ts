import { setTimeout as wait } from 'node:timers/promises'
import { type Act, deck, type Place } from './acts.ts'
import { type Books, readBooks } from './books.ts'
import { type Crowd, startClients } from './clients.ts'
import { watchPeers } from './peers.ts'
import { createRandom } from './random.ts'
import { startShop } from './shop.ts'
import { createTally, type Loss } from './tally.ts'
import { growth, ownVitals, type Vitals, vitalsOf } from './vitals.ts'

export type SoakOptions = {
  /** Ends once so many were answered and so many rounds are over; `minutes` is the longest it may take. */
  requests: number
  rounds: number
  minutes: number
  seed: number
  /** Of every workload's certificate, seconds. */
  lifetimeS: number
  /** Share of the acts in which the control plane is killed. */
  kills: number
  /** Longest pause between two acts, ms. */
  pauseMs: number
  crowd: Crowd
  /** Of a round; the usual one unless a test wants less. */
  acts?: readonly Act[]
  say: (line: string) => void
}

/** What came out. Nothing is left out that would spoil it. */
export type SoakResult = {
  seed: number
  seconds: number
  answered: Record<string, number>
  lost: Loss[]
  rounds: number
  acts: Record<string, number>
  kills: number
  /** Longest time without a control plane, ms. */
  longestAwayMs: number
  /** Figures of acts: how many, the middle one and the largest. */
  measured: Record<string, { count: number; median: number; most: number }>
  /** What must not be. */
  violations: string[]
  books: Books
  /** Last third over first third, by process: 1 is flat. */
  growth: Record<'members' | 'clients', { rss: number; heap: number; handles: number }>
  vitals: { members: Vitals[]; clients: Vitals[]; control: Vitals[] }
}

/** A year of a shop, compressed: see `run.ts`. */
export const soak = async (options: SoakOptions): Promise<SoakResult> => {
  const { say, crowd, lifetimeS, kills: killShare } = options
  const random = createRandom(options.seed)
  const peers = watchPeers()
  const began = performance.now()
  const seconds = () => (performance.now() - began) / 1000
  const tally = createTally(began)
  const lifetimes = { workloadMs: lifetimeS * 1000, publicMs: lifetimeS * 1000 }
  const shop = await startShop({ lifetimes, initialMode: 'mtls' })
  const violations: string[] = []
  const measured = new Map<string, number[]>()
  const acts: Record<string, number> = {}
  const vitals: SoakResult['vitals'] = { members: [], clients: [], control: [] }
  let kills = 0
  let longestAwayMs = 0
  let rounds = 0

  const clients = await startClients(shop, tally, crowd, peers)
  let killedInThisAct = false
  const place: Place = {
    shop,
    clients,
    random,
    violated: what => void violations.push(`${Math.round(seconds())} s, ${tally.during}: ${what}`),
    measured: (name, value) => void measured.set(name, [...(measured.get(name) ?? []), value]),
    async insist(work) {
      for (const late = performance.now() + 30_000; ; ) {
        try {
          return await work()
        } catch (error) {
          if (!killedInThisAct || performance.now() > late) throw error
          await wait(50)
        }
      }
    },
  }

  const killOnce = async (): Promise<void> => {
    killedInThisAct = true
    await shop.control.kill()
    const gone = performance.now()
    await wait(random.number(200))
    await shop.control.start()
    longestAwayMs = Math.max(longestAwayMs, performance.now() - gone)
    kills++
  }

  const perform = async (act: Act, killed: boolean): Promise<void> => {
    killedInThisAct = false
    tally.during = killed ? `${act.name} with kill -9` : act.name
    const running = act.run(place).catch(error => place.violated(`${act.name} failed: ${error}`))
    if (killed) {
      await wait(random.number(500))
      await killOnce()
    }
    await running
    await shop.settled().catch(error => place.violated(String(error)))
    acts[tally.during] = (acts[tally.during] ?? 0) + 1
    tally.during = `after ${tally.during}`
  }

  const look = async (): Promise<void> => {
    vitals.members.push(await shop.members.vitals())
    vitals.clients.push(ownVitals())
    vitals.control.push(vitalsOf(shop.control.pid()))
  }

  const over = () => seconds() > options.minutes * 60 || tally.lost.length > 1000
  const enough = () => tally.total() >= options.requests && rounds >= options.rounds
  try {
    while (!over() && !enough()) {
      for (const act of random.shuffled(options.acts ?? deck)) {
        await wait(random.number(options.pauseMs))
        await perform(act, random.chance(killShare))
        await look()
        if (over() || (enough() && rounds > 0)) break
      }
      rounds++
      const { total, lost } = tally
      say(`${Math.round(seconds())} s: round ${rounds}, ${total()} answered, ${lost.length} lost, ${kills} kills`)
    }
    if (!enough()) violations.push(`it ended before its goal: ${tally.total()} requests, ${rounds} rounds`)
    await clients.stop()
    await shop.control.kill()
    const books = readBooks(shop.stateDir, clients.serials())
    if (!books.intact) violations.push('the state is damaged')
    for (const serial of books.unknown) violations.push(`serial ${serial} was given out and is not in the ledger`)
    for (const act of books.unended) violations.push(`${act} has no end in the audit`)
    return {
      ...{ seed: options.seed, seconds: Math.round(seconds()), answered: tally.answered, lost: tally.lost },
      ...{ rounds, acts, kills, longestAwayMs: Math.round(longestAwayMs), violations, books, vitals },
      measured: Object.fromEntries([...measured].map(([name, values]) => [name, summed(values)])),
      growth: { members: grown(vitals.members), clients: grown(vitals.clients) },
    }
  } finally {
    await clients.stop()
    await shop.close()
  }
}

const summed = (values: readonly number[]) => {
  const sorted = values.map(Math.round).sort((a, b) => a - b)
  return { count: sorted.length, median: sorted[sorted.length >> 1]!, most: sorted.at(-1)! }
}

const grown = (samples: readonly Vitals[]) => ({
  rss: growth(samples.map(({ rss }) => rss)),
  heap: growth(samples.map(({ heap }) => heap)),
  handles: growth(samples.map(({ handles }) => handles)),
})
