import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { catalogue } from '../../../scenarios/catalogue.ts'

const folder = (path: string): string[] => readdirSync(new URL(`../../../${path}/`, import.meta.url))
const read = (path: string): string => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8')

/** Scenarios by the mutants that say they remove what it shows, or bend its judge. */
const claimed = new Map<string, string[]>()
for (const patch of folder('test/mutants').filter(name => name.endsWith('.patch')))
  for (const [, id = ''] of read(`test/mutants/${patch}`).matchAll(/^scenario: (.+)$/gm))
    claimed.set(id, [...(claimed.get(id) ?? []), patch])

const isPatchOf = (room: string, id: string) => (patch: string) =>
  read(`test/mutants/${patch}`).includes(`--- a/scenarios/${room}/${id}.ts`) ||
  /^--- a\/scenarios\/flows\//m.test(read(`test/mutants/${patch}`))

test('whatever a mutant says it is of is in the catalogue', () => {
  const known = catalogue.map(({ id }) => id)
  expect([...claimed.keys()].filter(id => !known.includes(id))).toEqual([])
})

describe.each(['lifecycle', 'migration'])('of scenarios/%s', room => {
  const ids = folder(`scenarios/${room}`).map(name => name.replace(/\.ts$/, ''))

  test.each(ids)('%s has one', id => expect(claimed.get(id) ?? []).not.toEqual([]))

  test.each(ids)('%s has one that bends how it is judged', id =>
    expect((claimed.get(id) ?? []).some(isPatchOf(room, id))).toBe(true),
  )
})
