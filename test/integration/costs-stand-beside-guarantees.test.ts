import { afterAll, beforeAll, expect, test } from 'vitest'
import layers from '../../scenarios/boundary/layers.ts'
import { type CostId, countOf } from '../../scenarios/costs.ts'
import bestFit from '../../scenarios/deciding/best-fit.ts'
import { connectLab, type LabClient } from '../../scenarios/lab-client.ts'
import { type Matrix, runMatrix, runScenario } from '../../scenarios/runner.ts'
import { type Mode, modes } from '../../services/modes.ts'
import { startTestLab, type TestLab } from '../support/lab.ts'

let embedded: TestLab
let lab: LabClient
let matrix: Matrix

beforeAll(async () => {
  embedded = await startTestLab()
  lab = await connectLab(embedded.access)
  matrix = await runMatrix(lab, { scenarios: [layers, bestFit], costs: true })
})

afterAll(async () => {
  await lab?.close()
  await embedded?.close()
})

const counts = (id: CostId) => modes.map(mode => countOf(matrix.costs?.[mode] ?? [], id))
const count = (mode: Mode, id: CostId) => countOf(matrix.costs?.[mode] ?? [], id) ?? Number.NaN

test('every mode has the same counts, in the same order', () => {
  const ids = modes.map(mode => matrix.costs?.[mode]?.map(({ id }) => id))
  expect(ids[0]).toEqual(expect.arrayContaining(['decryptions', 'clear:card', 'clear:token']))
  for (const others of ids) expect(others).toEqual(ids[0])
})

test('what is opened is counted: once at the edge, or at every hop that ends TLS', () => {
  expect(counts('decryptions')).toEqual([1, 6, 6, 4, 4])
  expect(counts('handshakes-new')).toEqual([1, 6, 6, 4, 4])
  expect(counts('handshakes-kept')).toEqual([0, 0, 0, 0, 0])
})

test('every workload holds a certificate in every mode; how many are shown depends on the mode', () => {
  expect(counts('certificates-held')).toEqual([6, 6, 6, 6, 6])
  expect(counts('public-certificates-held')).toEqual([1, 1, 1, 1, 1])
  expect(counts('certificates-in-use')).toEqual([1, 6, 7, 5, 4])
  expect(counts('certificate-owners')).toEqual([1, 6, 6, 4, 4])
  expect(counts('certificates-at-100')).toEqual([1, 84, 101, 68, 51])
})

test('the card lies open in most places where nothing is encrypted, in fewest where TLS passes the edge', () => {
  expect(counts('clear:card')).toEqual([7, 4, 4, 2, 4])
  const places = modes.map(mode => matrix.costs?.[mode]?.find(({ id }) => id === 'l7-places')?.what)
  expect(places).toEqual([['edge'], ['edge'], ['edge'], ['orders'], ['edge']])
})

test('hybrid protects every link as it needs, at less cost than mutual TLS everywhere', () => {
  const cells = matrix.cells.filter(({ scenario, mode }) => scenario === 'layers' && mode === 'hybrid')
  const verdicts = cells.filter(({ verdict }) => verdict !== 'not-applicable').map(({ verdict }) => verdict)
  expect(new Set(verdicts)).toEqual(new Set(['holds']))
  for (const id of ['certificates-in-use', 'decryptions', 'handshakes-new'] as const)
    expect(count('hybrid', id)).toBeLessThan(count('mtls', id))
})

test('the best fit is worked out from both', () => {
  expect(matrix.bestFit).toMatchObject({ best: 'hybrid', stated: 'hybrid', meets: ['hybrid', 'mtls'] })
  expect(matrix.bestFit?.says).toContain('mtls does too, with 7 certificates instead of 4')
  expect(matrix.unexpected).toBe(0)
})

test('a part of the catalogue is not counted unless that is asked for', async () => {
  const part = await runMatrix(lab, { scenarios: [bestFit], modes: ['mtls'] })
  expect(part.costs).toBeUndefined()
  expect(part.bestFit).toBeUndefined()
})

test('with its check switched off a link has less protection than it calls for, and the layers say so', async () => {
  await lab.switchMode('mtls')
  await lab.verify('orders:payments', false)
  try {
    const cells = await runScenario(lab, layers)
    const broken = cells.filter(({ verdict }) => verdict === 'broken')
    expect(broken.map(({ link, asExpected }) => [link, asExpected])).toEqual([['orders:payments', false]])
    expect(cells.filter(({ verdict }) => verdict === 'inconclusive')).toEqual([])
  } finally {
    await lab.verify('orders:payments', true)
  }
})
