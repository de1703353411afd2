import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type EmbeddedLab, startEmbedded } from '../../lab/embedded.ts'
import { catalogue, findScenario } from '../../scenarios/catalogue.ts'
import { groupOf } from '../../scenarios/claims.ts'
import { followRequest } from '../../scenarios/follow.ts'
import { connectLab, type LabClient } from '../../scenarios/lab-client.ts'
import { observeMap } from '../../scenarios/map.ts'
import { type Matrix, runMatrix, runScenario } from '../../scenarios/runner.ts'
import type { Cell, Scenario } from '../../scenarios/scenario.ts'
import { type Mode, modes } from '../../services/modes.ts'
import { readTopology } from '../../services/topology/file.ts'

const patient = 600_000

/** What comes out alike in every mode; that it can come out otherwise is shown on its judge, and for users with the check left out. */
const oneWay = [
  'broad-policy',
  'sprawl-pipeline',
  'user-token',
  'user-role',
  'unverified-callee',
  'service-code-is-the-same',
  'request-smuggling',
  'names-agree',
  'h2-coalescing',
  'downgrade',
  'http-semantics',
  'keys-stay-home',
  'renewal-loses-nothing',
  'switch-while-running',
  'highest-risk-first',
  'preview-of-strictness',
  'permissive-then-strict',
  'protocol-policy',
  'break-glass',
  'ca-rotation-in-order',
  'ca-rotation-out-of-order',
  'trust-bundle-reaches-everybody',
  'failures-are-named',
  'two-pkis',
]

const describeCell = ({ mode, scenario, link = '', verdict, because }: Cell) =>
  `${mode} ${scenario} ${link} ${verdict}: ${because}`

/** Scenarios that wait: for certificates to end, for everybody's acknowledgement, for a rollout to look about. */
export const thatWait = catalogue.filter(({ claims: [first] }) => ['L', 'S', 'D'].includes(groupOf(first!)))

/**
 * Runs the catalogue once over all modes of a topology, and holds every cell against what was to come out. Those named in
 * `inOneMode` run in one mode each, in every mode some of them.
 */
export const everyScenarioIn = (name: string, inOneMode: readonly Scenario[] = []): void => {
  const inAll = catalogue.filter(scenario => !inOneMode.includes(scenario))
  const scenariosOf = (mode: Mode) =>
    catalogue.filter(
      scenario => inAll.includes(scenario) || inOneMode.indexOf(scenario) % modes.length === modes.indexOf(mode),
    )
  const directory = mkdtempSync(join(tmpdir(), 'hop-scenarios-'))
  let embedded: EmbeddedLab
  let lab: LabClient
  let matrix: Matrix
  const cells: Cell[] = []

  beforeAll(async () => {
    const topology = readTopology(`topologies/${name}.yaml`)
    embedded = await startEmbedded({ topology, stateDir: join(directory, 'state'), mode: 'hybrid' })
    lab = await connectLab(embedded.access)
    matrix = await runMatrix(lab, { scenarios: inAll, costs: true })
    cells.push(...matrix.cells)
    for (const mode of inOneMode.length > 0 ? modes : []) {
      await lab.switchMode(mode)
      for (const scenario of scenariosOf(mode))
        if (!inAll.includes(scenario)) cells.push(...(await runScenario(lab, scenario)))
    }
    await lab.switchMode('hybrid')
  }, patient)

  afterAll(async () => {
    await lab?.close()
    await embedded?.close()
    rmSync(directory, { recursive: true, force: true })
  })

  describe.each(modes)('in %s', mode => {
    test.each(scenariosOf(mode).map(({ id }) => id))('%s comes out as expected, on every link it is about', id => {
      const made = cells.filter(cell => cell.scenario === id && cell.mode === mode)
      expect(made).not.toEqual([])
      expect(made.filter(({ asExpected }) => !asExpected).map(describeCell)).toEqual([])
      for (const cell of made) expect(cell.control.passed, describeCell(cell)).toBe(true)
    })
  })

  test('the matrix says so as a whole, and leaves the lab in the mode it was in', async () => {
    expect(matrix).toMatchObject({ topology: name, asExpected: true, unexpected: 0 })
    expect(matrix.cells).toHaveLength(matrix.rows.length * modes.length)
    expect((await lab.state()).mode).toBe('hybrid')
  })

  test('every verdict that claims something rests on evidence', () => {
    const claiming = cells.filter(({ verdict }) => verdict === 'holds' || verdict === 'broken')
    const bare = claiming.filter(({ evidence, control }) => evidence.length + control.evidence.length === 0)
    expect(bare.map(describeCell)).toEqual([])
  })

  test.each(inAll.map(({ id }) => id).filter(id => !oneWay.includes(id)))('%s can come out both ways', id => {
    const verdicts = new Set(matrix.cells.filter(({ scenario }) => scenario === id).map(({ verdict }) => verdict))
    expect(verdicts).toContain('holds')
    expect(verdicts).toContain('broken')
  })

  test('with its check switched off, a link that refused impostors serves them, and the matrix would say so', async () => {
    await lab.switchMode('mtls')
    const link = lab.topology.links.findLast(({ when }) => when === undefined)!.id
    await lab.verify(link, false)
    try {
      const cells = await runScenario(lab, findScenario('impostor-callee'))
      const cell = cells.find(candidate => candidate.link === link)
      expect(cell).toMatchObject({ verdict: 'broken', expected: 'holds', asExpected: false })
      expect(cells.filter(({ asExpected }) => !asExpected)).toHaveLength(1)
    } finally {
      await lab.verify(link, true)
      await lab.switchMode('hybrid')
    }
  })

  test.each(modes)('the map of %s is what its two ends saw, and as intended', async mode => {
    await lab.switchMode(mode)
    const map = await observeMap(lab)
    expect(map.hops.flatMap(({ link, differs }) => differs.map(difference => `${link}: ${difference}`))).toEqual([])
    const opened = map.hops.filter(({ intended }) => intended.transport !== 'plaintext').length
    const passedOn = mode === 'passthrough' ? 1 : 0
    expect(map.decryptions).toBe(opened - passedOn)
    expect(map.readers.includes(lab.topology.ingress.edge)).toBe(mode !== 'passthrough')
  })

  test('a request is followed through every workload it came to', async () => {
    await lab.switchMode('hybrid')
    const { requestId, answer, steps } = await followRequest(lab)
    expect(requestId).toMatch(/^[\w-]+$/)
    expect(answer.status).toBeLessThan(300)
    const called = new Set(lab.topology.links.map(({ callee }) => callee))
    expect(new Set(steps.map(({ workload }) => workload))).toEqual(new Set([lab.topology.ingress.edge, ...called]))
  })
}
