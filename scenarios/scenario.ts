import type { Hop, Mode } from '../services/modes.ts'
import type { Topology } from '../services/topology/topology.ts'
import type { ClaimId } from './claims.ts'
import type { LabClient } from './lab-client.ts'

/** What becomes of a guarantee in a mode, on a link. */
export type Verdict = 'holds' | 'broken' | 'not-applicable'

/** Something that was observed, and where. `text` is printable; `hex` is there for bytes. */
export type Evidence = {
  kind: 'bytes' | 'certificate' | 'failure' | 'request' | 'count' | 'text'
  title: string
  /** A link, a workload, or `client`. */
  where: string
  text?: string
  hex?: string
}

/** The same experiment where it must come out the other way. If it does not, the verdict counts for nothing. */
export type Control = { passed: boolean; evidence: Evidence[] }

/** What one run yields: a verdict, in one sentence why, and what it rests on. */
export type Observed = { verdict: Verdict; because: string; evidence: Evidence[]; control: Control }

/** What every scenario says of itself. */
type About = {
  /** Kebab-case, the file's name. */
  id: string
  claims: readonly ClaimId[]
  /** A question. */
  title: string
  /** The property put to the test; `<link>` in it stands for the link. */
  guarantee: string
  /** What is tried and why it comes out as it does in the one case and in the other; two or three sentences. */
  explanation: string
}

/** Put to the test once per mode. */
export type SystemScenario = About & {
  per: 'system'
  /** Why it cannot be run on a topology; undefined where it can. */
  unless?: (topology: Topology) => string | undefined
  /** By mode; a function only where the topology itself decides. */
  expected: Record<Mode, Verdict> | ((mode: Mode, topology: Topology) => Verdict)
  run(lab: LabClient, hops: readonly Hop[]): Promise<Observed>
}

/** Put to the test on each of the hops it selects. Where a mode has no such hop the cell is not applicable. */
export type LinkScenario = About & {
  per: 'link'
  select(hop: Hop, topology: Topology): boolean
  /** Says what to expect of a hop by what carries it, so that it holds for any topology and mode; `hops` are all of the mode. */
  expected(hop: Hop, topology: Topology, hops: readonly Hop[]): Verdict
  /** By link id; what is missing counts as inconclusive. */
  run(lab: LabClient, hops: readonly Hop[]): Promise<Map<string, Observed>>
}

/** One experiment: claims it shows, what it does, what it observes, the verdict expected in each mode. */
export type Scenario = SystemScenario | LinkScenario

/** Names the type where a scenario is written down. */
export const defineScenario = <Kind extends Scenario>(scenario: Kind): Kind => scenario

/** A {@link LinkScenario.run} that takes one link after the other. */
export const eachLink =
  (observe: (lab: LabClient, hop: Hop) => Promise<Observed>): LinkScenario['run'] =>
  async (lab, hops) => {
    const observed = new Map<string, Observed>()
    for (const hop of hops) observed.set(hop.link.id, await observe(lab, hop))
    return observed
  }

/** The same for runs that do not touch the wire: all links at once. */
export const allLinks =
  (observe: (lab: LabClient, hop: Hop) => Promise<Observed>): LinkScenario['run'] =>
  async (lab, hops) =>
    new Map(await Promise.all(hops.map(async hop => [hop.link.id, await observe(lab, hop)] as const)))

/** `inconclusive`: the positive control failed or the run broke off, so nothing was shown. */
export type CellVerdict = Verdict | 'inconclusive'

/** One field of the matrix: what came out of one scenario in one mode, on one link where it is about links. */
export type Cell = {
  scenario: string
  link?: string
  mode: Mode
  verdict: CellVerdict
  expected: Verdict
  /** False for every inconclusive cell. */
  asExpected: boolean
  evidence: Evidence[]
  control: Control
  because: string
  /** Why the first run showed nothing, where this is what came out of a second one. */
  firstTry?: string
  ms: number
}

/** The guarantee as it reads for a link: `<link>` filled in. */
export const guaranteeOn = (scenario: Scenario, link?: string): string =>
  link === undefined ? scenario.guarantee : scenario.guarantee.replace('<link>', link.replace(':', ' → '))
