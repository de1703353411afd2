import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { ProgramRun } from './chassis/observation.ts'
import { newSpanId } from './chassis/trace.ts'

const imports = /\bfrom '(\.[^']+)'/g

/** SHA-256 (hex) of a program's modules: its own and what they import, down to the chassis, which is the same for all. */
const digestOf = (program: string): string => {
  const hash = createHash('sha256')
  const seen = new Set<string>()
  const read = (module: URL): void => {
    if (seen.has(module.href) || module.pathname.includes('/services/chassis/')) return
    seen.add(module.href)
    const text = readFileSync(module, 'utf8')
    hash.update(text)
    for (const [, path] of text.matchAll(imports)) read(new URL(path!, module))
  }
  read(new URL(`./${program}/${program}.ts`, import.meta.url))
  return hash.digest('hex')
}

/** A program that starts now. */
export const startRun = (name: string, clock: () => number): ProgramRun => ({
  ...{ name, digest: digestOf(name), startedAt: new Date(clock()).toISOString(), instance: newSpanId() },
})
