import { rmSync, utimesSync, writeFileSync } from 'node:fs'

const everyMs = 1_000

/**
 * Keeps a file fresh for as long as this process is well: it got through its start, and its event loop turns. Whoever looks
 * after it (`containers/healthy`) looks at the file's age, since no request would be served in every mode. Returns what
 * ends it; without a path there is nothing to do.
 */
export const keepHealthFile = (path: string | undefined): (() => void) => {
  if (path === undefined) return () => {}
  writeFileSync(path, '')
  const timer = setInterval(() => {
    const now = new Date()
    try {
      utimesSync(path, now, now)
    } catch {
      writeFileSync(path, '')
    }
  }, everyMs)
  timer.unref()
  return () => {
    clearInterval(timer)
    rmSync(path, { force: true })
  }
}
