import { usualHopsOf } from '../services/hops.ts'
import { modes as allModes, type Hop, type Mode } from '../services/modes.ts'
import type { Topology } from '../services/topology/topology.ts'
import { catalogue } from './catalogue.ts'
import { inconclusive, judged, notApplicable, showedNothing, triedAgain } from './cells.ts'
import type { Costs } from './costs.ts'
import { type BestFit, bestFitOf } from './fit.ts'
import { observeCosts } from './flows/count-costs.ts'
import { whileDebugging } from './flows/key-logs.ts'
import { keepingSwitches } from './flows/switched.ts'
import type { LabClient } from './lab-client.ts'
import { tryMaturity } from './maturity.ts'
import { type Cell, guaranteeOn, type LinkScenario, type Scenario, type SystemScenario } from './scenario.ts'

/** What a matrix tells whoever watches it being made. `ms`: how long the switch took; of `tested`, all of a mode's experiments. */
export type MatrixEvent =
  | { type: 'mode'; mode: Mode; ms: number }
  | { type: 'scenario'; scenario: string; mode: Mode; cells: Cell[] }
  | { type: 'tested'; mode: Mode; scenarios: number; ms: number }

/** One line of the matrix: one guarantee, on one link where it is about links. */
export type Row = { guarantee: string; scenario: string; link?: string }

/** Guarantees by modes. `unexpected` counts the cells that did not come out as expected. */
export type Matrix = {
  topology: string
  /** ISO 8601. */
  startedAt: string
  ms: number
  modes: Mode[]
  rows: Row[]
  cells: Cell[]
  /** What each mode costs; absent where it was not counted. */
  costs?: Partial<Record<Mode, Costs>>
  /** Which mode fits, where the topology names a situation and costs were counted. */
  bestFit?: BestFit
  asExpected: boolean
  unexpected: number
}

export type MatrixOptions = {
  modes?: readonly Mode[]
  scenarios?: readonly Scenario[]
  /** Count what each mode costs. Default: where the whole catalogue runs. Not counted without the wire. */
  costs?: boolean
  onProgress?: (event: MatrixEvent) => void
}

/**
 * Runs one scenario in the lab's present mode: one cell, or one for each link it is about in any mode. What showed nothing,
 * as on a machine too busy to answer in time, is run once more; what came out one way or the other is not.
 */
export const runScenario = async (lab: LabClient, scenario: Scenario): Promise<Cell[]> => {
  const { mode } = await lab.state()
  const run = () =>
    keepingSwitches(lab, async () =>
      scenario.per === 'link' ? runOnLinks(lab, scenario, mode) : [await runOnSystem(lab, scenario, mode)],
    )
  const cells = await run()
  return cells.some(showedNothing) ? triedAgain(cells, await run()) : cells
}

/** Switches the lab live from mode to mode, runs everything in each, and leaves it in the mode it was in. */
export const runMatrix = async (lab: LabClient, options: MatrixOptions = {}): Promise<Matrix> => {
  const { modes = allModes, scenarios = catalogue, onProgress = () => {} } = options
  const began = performance.now()
  const startedAt = new Date().toISOString()
  const { mode: before } = await lab.state()
  const cells: Cell[] = []
  const counting = (options.costs ?? scenarios === catalogue) && lab.access.wire !== null
  const costs: Partial<Record<Mode, Costs>> = {}
  const runMode = async (mode: Mode) => {
    const asked = performance.now()
    await lab.switchMode(mode)
    const switched = performance.now()
    onProgress({ type: 'mode', mode, ms: Math.round(switched - asked) })
    if (counting) costs[mode] = await observeCosts(lab, usualHopsOf(lab.topology, mode))
    for (const scenario of scenarios) {
      const made = await runScenario(lab, scenario)
      cells.push(...made)
      onProgress({ type: 'scenario', scenario: scenario.id, mode, cells: made })
    }
    onProgress({ type: 'tested', mode, scenarios: scenarios.length, ms: Math.round(performance.now() - switched) })
  }
  // One debug session for all: each costs an acknowledgement of every workload, and several scenarios need it.
  await whileDebugging(lab, Object.keys(lab.topology.workloads), async () => {
    try {
      for (const mode of modes) await runMode(mode)
    } finally {
      await lab.switchMode(before)
    }
  })
  const { situation } = lab.topology
  const bestFit = counting && situation ? bestFitOf(situation, cells, costs, await tryMaturity(lab)) : undefined
  const unexpected = cells.filter(cell => !cell.asExpected).length
  return {
    topology: lab.topology.name,
    startedAt,
    ms: Math.round(performance.now() - began),
    modes: [...modes],
    rows: scenarios.flatMap(scenario => rowsOf(scenario, lab.topology)),
    cells,
    ...(counting ? { costs } : {}),
    ...(bestFit ? { bestFit } : {}),
    asExpected: unexpected === 0,
    unexpected,
  }
}

const rowsOf = (scenario: Scenario, topology: Topology): Row[] =>
  scenario.per === 'system'
    ? [{ guarantee: guaranteeOn(scenario), scenario: scenario.id }]
    : linksOf(scenario, topology).map(link => ({ guarantee: guaranteeOn(scenario, link), scenario: scenario.id, link }))

/** Every link the scenario is about in some mode, from the client inwards. */
const linksOf = (scenario: LinkScenario, topology: Topology): string[] => [
  ...new Set(allModes.flatMap(mode => selected(scenario, topology, mode).map(hop => hop.link.id))),
]

const selected = (scenario: LinkScenario, topology: Topology, mode: Mode): Hop[] =>
  usualHopsOf(topology, mode).filter(hop => scenario.select(hop, topology))

const whyNot = (hops: readonly Hop[], link: string): string => {
  const hop = hops.find(candidate => candidate.link.id === link)
  if (!hop) return 'no request takes this link in this mode'
  return `this link is ${hop.spliced ? 'passed through' : hop.transport} in this mode, which leaves nothing to try`
}

const runOnSystem = async (lab: LabClient, scenario: SystemScenario, mode: Mode): Promise<Cell> => {
  const { id, expected, unless } = scenario
  const cannot = unless?.(lab.topology)
  if (cannot !== undefined) return notApplicable({ scenario: id, mode }, cannot)
  const began = performance.now()
  const due = typeof expected === 'function' ? expected(mode, lab.topology) : expected[mode]
  const about = { scenario: id, mode, expected: due }
  try {
    const observed = await scenario.run(lab, usualHopsOf(lab.topology, mode))
    return judged({ ...about, ms: performance.now() - began }, observed)
  } catch (error) {
    return inconclusive({ ...about, ms: performance.now() - began }, error)
  }
}

const runOnLinks = async (lab: LabClient, scenario: LinkScenario, mode: Mode): Promise<Cell[]> => {
  const { topology } = lab
  const { id } = scenario
  const hops = selected(scenario, topology, mode)
  const began = performance.now()
  const run = await scenario.run(lab, hops).then(
    observed => ({ observed, error: new Error('the scenario said nothing about this link') }),
    error => ({ observed: undefined, error }),
  )
  const ms = (performance.now() - began) / Math.max(hops.length, 1)
  return linksOf(scenario, topology).map(link => {
    const hop = hops.find(candidate => candidate.link.id === link)
    if (!hop) return notApplicable({ scenario: id, link, mode }, whyNot(usualHopsOf(topology, mode), link))
    const about = {
      scenario: id,
      link,
      mode,
      expected: scenario.expected(hop, topology, usualHopsOf(topology, mode)),
      ms,
    }
    const observed = run.observed?.get(link)
    return observed ? judged(about, observed) : inconclusive(about, run.error)
  })
}
