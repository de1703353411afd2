import { readdirSync } from 'node:fs'
import { expect, test } from 'vitest'
import { isMode } from '../../../services/modes.ts'
import { parseTopology, readTopology } from '../../../services/topology/file.ts'
import { shop, thrownBy } from './shop.ts'

const situation = (text: string) => shop.replace(/^situation:\n(?: .*\n)*/m, `situation: ${text}\n`)
const complaint = (text: string) => thrownBy(() => parseTopology(situation(text)))

test('a situation is read as it is written', () => {
  const { situation: read } = parseTopology(situation('{ title: a shop, fits: mtls, needs: [legacy-served] }'))
  expect(read).toEqual({ title: 'a shop', fits: 'mtls', needs: ['legacy-served'] })
  expect(parseTopology(shop.replace(/^situation:\n(?: .*\n)*/m, '')).situation).toBeUndefined()
})

test.each([
  ['{ fits: mtls, needs: [legacy-served] }', 'situation.title', 'a value, it is required', 'nothing'],
  ['{ title: "", fits: mtls, needs: [legacy-served] }', 'situation.title', 'a title of at most 60', '""'],
  ['{ title: x, fits: mtsl, needs: [legacy-served] }', 'situation.fits', 'did you mean mtls?', '"mtsl"'],
  ['{ title: x, fits: mtls, needs: [] }', 'situation.needs', 'a list of 1 to 8 needs', 'an empty list'],
  [
    '{ title: x, fits: mtls, needs: [legacy-saved] }',
    'situation.needs[0]',
    'did you mean legacy-served?',
    '"legacy-saved"',
  ],
  [
    '{ title: x, fits: mtls, needs: [legacy-served, legacy-served] }',
    'situation.needs',
    'each need once',
    'a list of 2',
  ],
  ['{ title: x, fits: mtls, needs: [legacy-served], why: y }', 'situation.why', 'one of title, fits, needs', '"why"'],
  ['mtls', 'situation', 'a mapping', '"mtls"'],
])('%s is refused with its place', (text, place, expected, found) => {
  const error = complaint(text)
  expect(error.code).toBe('bad-topology')
  expect(error.field).toContain(place)
  expect(error.expected).toContain(expected)
  expect(error.found).toBe(found)
})

test('a need that nothing in the topology could fail to meet is refused', () => {
  const served = thrownBy(() =>
    parseTopology(situation('{ title: x, fits: mtls, needs: [legacy-served] }').replace(', legacy: true', '')),
  )
  expect(served).toMatchObject({ found: 'legacy-served', expected: expect.stringContaining('a legacy workload') })
  const proven = '{ title: x, fits: mtls, needs: [callers-proven-into-sensitive] }'
  const error = thrownBy(() => parseTopology(situation(proven).replace('sensitive: true', 'sensitive: false')))
  expect(error.field).toContain('situation.needs[0]')
  expect(error.expected).toContain('a link into a sensitive zone')
})

test('six topologies are there for six situations, each with a title of its own and the mode that fits', () => {
  const names = ['early-team', 'legacy-mix', 'public-web-app', 'sensitive-apis', 'service-mesh', 'shared-platform']
  expect(readdirSync('topologies')).toEqual(expect.arrayContaining(names.map(name => `${name}.yaml`)))
  const read = names.map(name => readTopology(`topologies/${name}.yaml`))
  expect(read.map(({ name }) => name)).toEqual(names)
  expect(new Set(read.map(({ situation: of }) => of?.title)).size).toBe(6)
  for (const { situation: of, workloads } of read) {
    expect(isMode(of?.fits ?? '')).toBe(true)
    expect(Object.keys(workloads).length).toBeGreaterThanOrEqual(4)
    expect(Object.keys(workloads).length).toBeLessThanOrEqual(9)
  }
  const mesh = Object.values(readTopology('topologies/service-mesh.yaml').workloads)
  expect(mesh.filter(({ sidecar }) => !sidecar).map(({ program }) => program)).toEqual(['edge'])
})
