import { readFileSync } from 'node:fs'
import { afterEach, expect, test } from 'vitest'
import bestFit from '../../scenarios/deciding/best-fit.ts'
import { connectLab, type LabClient } from '../../scenarios/lab-client.ts'
import { runMatrix } from '../../scenarios/runner.ts'
import { modes } from '../../services/modes.ts'
import { parseTopology } from '../../services/topology/file.ts'
import { startTestLab, type TestLab, topologyFile } from '../support/lab.ts'

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
  '%s: everything comes out as expected in every mode, and %s is found to fit best, as its file says',
  async (shape, fits) => {
    embedded = await startTestLab({ shape })
    lab = await connectLab(embedded.access)
    const matrix = await runMatrix(lab)
    const unexpected = matrix.cells.filter(({ asExpected }) => !asExpected)
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
