import { readdirSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'

const rooms = ['orders', 'payments', 'inventory', 'shipping', 'generic', 'gateway']
const words = /\b(tls|mtls|https?|plaintext|transport|port|mode|modes|certificate|socket)\b/i

it.each(rooms)('%s', room => {
  const root = new URL(`../../../services/${room}/`, import.meta.url)
  const files = readdirSync(root).filter(name => name.endsWith('.ts'))
  expect(files.length).toBeGreaterThan(0)
  for (const name of files) expect(readFileSync(new URL(name, root), 'utf8').match(words)?.[0], name).toBeUndefined()
})
