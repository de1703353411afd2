import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

const rooms = ['orders', 'payments', 'inventory', 'shipping', 'generic', 'gateway']
const words = /\b(tls|mtls|https?|plaintext|transport|port|mode|modes|certificate|certificates|sidecar|socket)\b/i

/** Whoever needs one of these knows how requests travel, or which design is in force. */
const ways = [
  /^node:/,
  /^undici$/,
  /\/pki\/(?!error\.ts$)/,
  /\/(modes|hops|member|topology[\w-]*)\.ts$/,
  /\/(sidecar|edge|control|wire|process)\//,
  /\/chassis\/(agent|bind|connect[\w-]*|control-[\w-]*|credentials|desired|entrance|failures|guarded|http[\w-]*)\.ts$/,
  /\/chassis\/(listener|peer|proxy-[\w-]*|relay|renewal|tls-options|transport|under-way|upstream|workload)\.ts$/,
]

describe.each(rooms)('the code of %s', room => {
  const root = new URL(`../../../services/${room}/`, import.meta.url)
  const files = readdirSync(root).filter(name => name.endsWith('.ts'))
  const textOf = (name: string) => readFileSync(new URL(name, root), 'utf8')

  it('says nothing about transport', () => {
    expect(files.length).toBeGreaterThan(0)
    for (const name of files) expect(textOf(name).match(words)?.[0], name).toBeUndefined()
  })

  it('imports nothing that does', () => {
    const imported = files.flatMap(name => [...textOf(name).matchAll(/\bfrom '([^']+)'/g)].map(([, from]) => from!))
    expect(imported.length).toBeGreaterThan(0)
    expect(imported.filter(from => ways.some(way => way.test(from)))).toEqual([])
  })
})
