import { readFileSync } from 'node:fs'
import { afterEach, expect, test } from 'vitest'
import { catalogue } from '../../scenarios/catalogue.ts'
import bestFit from '../../scenarios/deciding/best-fit.ts'
import { connectLab, type LabClient } from '../../scenarios/lab-client.ts'
import { runMatrix } from '../../scenarios/runner.ts'
import type { Scenario } from '../../scenarios/scenario.ts'
import { modes } from '../../services/modes.ts'
import { parseTopology } from '../../services/topology/file.ts'
import { startTestLab, type TestLab, topologyFile } from '../support/lab.ts'

/** Certificates that run out and rollouts take their time: the shop and the clinic go through them in every mode. */
const waits = ({ claims: [first = 'B1'] }: Scenario) => ['L', 'S'].includes(first.charAt(0))

let embedded: TestLab | undefined
let lab: LabClient | undefined

afterEach(async () => {
  await lab?.close()
  await embedded?.close()
})

test.each([
  ['public-web-app', 'edge-terminate-plaintext'],
  ['sensitive-apis', 'hybrid'],
  ['service-mesh', 'mtls'],
  ['legacy-mix', 'hybrid'],
  ['shared-platform', 'mtls'],
  ['early-team', 'edge-terminate-plaintext'],
])(
  '%s: everything comes out as expected in every mode, the life cycle in the one that fits, and that is %s',
  async (shape, fits) => {
    const isFitting = (mode: string) => mode === fits
    embedded = await startTestLab({ shape })
    lab = await connectLab(embedded.access)
    const matrix = await runMatrix(lab, { scenarios: catalogue.filter(each => !waits(each)), costs: true })
    const waited = await runMatrix(lab, { scenarios: catalogue.filter(waits), modes: matrix.modes.filter(isFitting) })
    const unexpected = [...matrix.cells, ...waited.cells].filter(({ asExpected }) => !asExpected)
    expect(waited.cells).not.toEqual([])
    expect(
      unexpected.map(
        ({ mode, scenario, link = '', verdict, because }) => `${mode} ${scenario} ${link} ${verdict}: ${because}`,
      ),
    ).toEqual([])
    expect(Object.keys(matrix.costs ?? {})).toEqual(modes)
    expect(matrix.bestFit).toMatchObject({ best: fits, stated: fits })
    expect(embedded.topology.situation?.fits).toBe(fits)
  },
)

test('a web app with a service in a zone of its own is no longer served best by plaintext behind the edge', async () => {
  const text = readFileSync(topologyFile('public-web-app'), 'utf8')
  const apart = text
    .replace('zones:\n', 'zones:\n  back-office: {}\n')
    .replace('bookings: { zone: site }', 'bookings: { zone: back-office }')
  embedded = await startTestLab({ topology: parseTopology(apart) })
  lab = await connectLab(embedded.access)
  const { bestFit: found, unexpected } = await runMatrix(lab, { scenarios: [bestFit], costs: true })
  expect(unexpected).toBe(0)
  expect(found?.best).toBe('hybrid')
  expect(found?.meets).not.toContain('edge-terminate-plaintext')
})
