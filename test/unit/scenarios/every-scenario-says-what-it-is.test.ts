import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { HopError } from '../../../pki/error.ts'
import { catalogue, findScenario } from '../../../scenarios/catalogue.ts'
import { claimIds } from '../../../scenarios/claims.ts'

test('ids are unique and written for shells and paths', () => {
  const ids = catalogue.map(({ id }) => id)
  expect(new Set(ids).size).toBe(ids.length)
  for (const id of ids) expect(id).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/)
})

test('every judge is shown to come out both ways: some test here calls it', () => {
  const tests = readdirSync(import.meta.dirname).map(name => readFileSync(join(import.meta.dirname, name), 'utf8'))
  const judges = readdirSync('scenarios', { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.ts'))
    .flatMap(name => [...readFileSync(join('scenarios', name), 'utf8').matchAll(/^export const (judge\w+)/gm)])
    .map(([, judge = '']) => judge)
  expect(judges.length).toBeGreaterThan(30)
  expect(judges.filter(judge => !tests.some(text => text.includes(`${judge}(`)))).toEqual([])
})

test('the catalogue of claims is whole', () => {
  const count = (letter: string) => claimIds.filter(id => id.replace(/\d+/, '') === letter).length
  expect(Object.fromEntries([...'BILCOPSD'].map(letter => [letter, count(letter)]))).toEqual({
    ...{ B: 10, I: 11, L: 14, C: 10, O: 6, P: 8, S: 6, D: 7 },
  })
})

test('a scenario about links names the link in its guarantee, the others do not', () => {
  for (const { id, per, guarantee } of catalogue) expect(guarantee.includes('<link>'), id).toBe(per === 'link')
})

test('a mistyped scenario is refused with the nearest', () => {
  const refused = () => findScenario('evesdrop')
  expect(refused).toThrow(HopError)
  expect(refused).toThrow(/Did you mean eavesdrop/)
})
