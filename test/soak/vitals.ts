import { readdirSync, readFileSync } from 'node:fs'

/** What a process holds: bytes (the heap after a collection, when it may be asked for), open file handles. */
export type Vitals = { rss: number; heap: number; handles: number }

const collect = (globalThis as { gc?: () => void }).gc

/** Of this process. */
export const ownVitals = (): Vitals => {
  collect?.()
  collect?.()
  const { rss, heapUsed } = process.memoryUsage()
  return { rss, heap: heapUsed, handles: readdirSync('/proc/self/fd').length }
}

/** Of another one, as the system sees it; its heap is its own affair. */
export const vitalsOf = (pid: number): Vitals => {
  const pages = Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1])
  return { rss: pages * 4096, heap: 0, handles: readdirSync(`/proc/${pid}/fd`).length }
}

/** The median of the last third over that of the first: 1 is flat. */
export const growth = (samples: readonly number[]): number => {
  const third = Math.max(1, Math.floor(samples.length / 3))
  return median(samples.slice(-third)) / median(samples.slice(0, third))
}

const median = (numbers: readonly number[]): number =>
  numbers.toSorted((a, b) => a - b)[numbers.length >> 1] ?? Number.NaN
