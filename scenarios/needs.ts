import type { Hop } from '../services/modes.ts'
import type { NeedId } from '../services/topology/needs.ts'
import type { Topology } from '../services/topology/topology.ts'
import { crossing, judgeBorder } from './boundary/zone-border.ts'
import { callersProven } from './flows/callers-proven.ts'
import { certificatesShown } from './flows/certificates-shown.ts'
import { isClients, isInner } from './flows/hops.ts'
import { inTheClear } from './flows/in-the-clear.ts'
import type { Met, NeedsSeen } from './flows/needs-seen.ts'

/** `expected`: what must come out with these hops. `judge`: what did come out, by observation alone. */
export type Need = {
  title: string
  expected(hops: readonly Hop[], topology: Topology): boolean
  judge(seen: NeedsSeen): Met
}

/** What a situation can need, by id. */
export const needs: Record<NeedId, Need> = {
  'private-from-outside': {
    title: 'what the public sends cannot be read on its way in',
    expected: () => true,
    judge: ({ hops, watched: { overheard } }) => {
      const { id } = hops.find(isClients)!.link
      const read = namesIn(overheard.canary.needles, overheard.raw(id))
      return {
        met: read.length === 0,
        because: read.length === 0 ? 'nothing of it is readable there' : `${read.join(', ')} readable there`,
        shown: overheard.raw(id).length > 0,
      }
    },
  },
  'private-across-borders': {
    title: 'nothing crosses a zone border in plaintext',
    expected: hops => hops.every(({ link, transport }) => !link.crossesZone || transport !== 'plaintext'),
    judge: ({ hops, watched }) => {
      const borders = hops.filter(({ link }) => link.crossesZone)
      const judged = borders.map(hop => ({ hop, ...judgeBorder(watched.seen.topology, hop, crossing(watched, hop)) }))
      const open = judged.filter(({ verdict }) => verdict === 'broken').map(({ hop }) => hop.link.id)
      return {
        met: open.length === 0,
        because: open.length === 0 ? `TLS on all ${borders.length} of them` : `plaintext on ${open.join(', ')}`,
        shown: judged.every(({ control }) => control.passed),
      }
    },
  },
  'private-from-the-edge': {
    title: 'the edge cannot read what the public sends',
    expected: hops => hops.some(({ spliced }) => spliced),
    judge: ({ watched }) => {
      const { edge } = watched.seen.topology.ingress
      const names = Object.keys(watched.overheard.canary.needles)
      const read = names.filter(name => inTheClear(watched, name).includes(edge))
      const elsewhere = names.some(name => inTheClear(watched, name).length > 0)
      return {
        met: read.length === 0,
        because: read.length === 0 ? 'with all it has it reads nothing' : `it reads ${read.join(', ')}`,
        shown: elsewhere,
      }
    },
  },
  'callers-proven-into-sensitive': {
    title: 'whoever calls into a sensitive zone proves who it is',
    expected: hops => hops.every(hop => !isInner(hop) || !hop.link.intoSensitive || hop.transport === 'mtls'),
    judge: seen => callersProven(seen, ({ link }) => link.intoSensitive),
  },
  'callers-proven-everywhere': {
    title: 'every workload that calls another proves who it is',
    expected: hops => hops.every(hop => !isInner(hop) || hop.transport === 'mtls'),
    judge: seen => callersProven(seen, () => true),
  },
  'filtered-at-the-edge': {
    title: 'an attack in a request is refused at the edge',
    expected: hops => !hops.some(({ spliced }) => spliced),
    judge: ({ attacked: { told }, watched }) => {
      const { edge } = watched.seen.topology.ingress
      const filtered = told.find(({ workload }) => workload === edge)?.failure?.name === 'filtered'
      const reached = told.filter(({ workload }) => workload !== edge).map(({ workload }) => workload)
      return {
        met: filtered && reached.length === 0,
        because: filtered ? 'the edge refused it as filtered' : `it reached ${reached.join(', ') || 'nobody'}`,
        shown: filtered !== reached.length > 0,
      }
    },
  },
  'legacy-served': {
    title: 'workloads that cannot speak TLS are served all the same',
    expected: () => true,
    judge: ({ watched: { seen } }) => {
      const legacy = Object.values(seen.topology.workloads).filter(spec => spec.legacy)
      const served = (name: string) => seen.story.told.some(({ workload, status }) => workload === name && status < 400)
      const missed = legacy.map(({ name }) => name).filter(name => !served(name))
      return {
        met: missed.length === 0,
        because:
          missed.length === 0
            ? `${legacy.map(({ name }) => name).join(', ')} answered`
            : `${missed.join(', ')} did not answer`,
        shown: legacy.length > 0 && seen.story.entry !== undefined,
      }
    },
  },
  'certificates-in-one-place': {
    title: 'one workload only has certificates that are in use',
    expected: hops => hops.filter(isInner).every(({ transport }) => transport === 'plaintext'),
    judge: ({ watched }) => {
      const shown = certificatesShown(watched.seen)
      const places = [...new Set(shown.map(({ workload }) => workload))]
      return { met: places.length === 1, because: `in use at ${places.join(', ')}`, shown: shown.length > 0 }
    },
  },
}

const namesIn = (needles: Record<string, string>, bytes: Buffer): string[] =>
  Object.keys(needles).filter(name => bytes.includes(needles[name]!))
