import { expect, test } from 'vitest'
import { HopError } from '../../../pki/error.ts'
import { catalogue, findScenario } from '../../../scenarios/catalogue.ts'
import { claimIds, claims } from '../../../scenarios/claims.ts'

test('ids are unique and written for shells and paths', () => {
  const ids = catalogue.map(({ id }) => id)
  expect(new Set(ids).size).toBe(ids.length)
  for (const id of ids) expect(id).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/)
})

test('every scenario names claims, all of which exist', () => {
  for (const scenario of catalogue) {
    expect(scenario.claims.length, scenario.id).toBeGreaterThan(0)
    for (const claim of scenario.claims) expect(Object.hasOwn(claims, claim), `${scenario.id} ${claim}`).toBe(true)
  }
})

test('the claims that the five modes are there to show are shown by some scenario', () => {
  const shown = new Set<string>(catalogue.flatMap(scenario => scenario.claims))
  for (const claim of 'B1 B2 B3 B4 B8 B9 C1 C7 I1 I2 I3 I4 I5 I8 I10'.split(' ')) expect(shown, claim).toContain(claim)
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
