import { count, excerpt, succeeded, unreadable } from '../flows/evidence.ts'
import { listenIn, type Overheard } from '../flows/listen-in.ts'
import { defineScenario, type Observed } from '../scenario.ts'

/** Listens on every link while one order with fresh values passes, and looks for them. */
export default defineScenario({
  id: 'eavesdrop',
  claims: ['B2'],
  title: 'Who on the network can read what a customer sends?',
  guarantee: 'what the customer sends stays private on <link>',
  explanation:
    'One order with values of its own passes while a tap listens on every link, and each value is looked for in the bytes. In plaintext it simply stands there; under TLS the same bytes are of no use without the keys of an end.',
  per: 'link',
  select: ({ link }, { probe }) => link.data.some(name => name === 'token' || Object.hasOwn(probe.body, name)),
  expected: ({ transport }) => (transport === 'plaintext' ? 'broken' : 'holds'),
  async run(lab, hops) {
    const overheard = await listenIn(lab)
    const everybody = Object.keys(lab.topology.workloads)
    return new Map(hops.map(({ link }) => [link.id, judgeEavesdropping(overheard, link, everybody)]))
  },
})

/**
 * Broken when a value stands readable on the wire. The control: every value did pass here, as the keys of the link's own
 * ends show, so not finding it means that it cannot be read.
 */
export const judgeEavesdropping = (
  { canary, answer, raw, decrypted }: Overheard,
  link: { id: string; data: readonly string[] },
  workloads: readonly string[],
): Observed => {
  const wire = raw(link.id)
  const opened = decrypted(link.id, workloads)
  const carried = link.data.filter(name => canary.needles[name] !== undefined)
  const needle = (name: string) => canary.needles[name]!
  const read = carried.filter(name => wire.includes(needle(name)))
  const hidden = carried.filter(name => !read.includes(name))
  const passed = hidden.filter(name => opened.includes(needle(name)))
  return {
    verdict: read.length > 0 ? 'broken' : 'holds',
    because:
      read.length > 0
        ? `${read.join(', ')} stood readable in ${wire.length} bytes on the wire`
        : `none of ${carried.join(', ')} could be read in ${wire.length} bytes on the wire, though they were in them`,
    evidence:
      read.length > 0
        ? read.map(name => excerpt(`${name}, as it passed`, link.id, wire, needle(name)))
        : [count('bytes searched', link.id, wire.length), unreadable('the last of them', link.id, wire)],
    control: {
      passed: succeeded(answer) && passed.length === hidden.length,
      evidence: passed.map(name =>
        excerpt(`${name}, decrypted with the keys of an end`, link.id, opened, needle(name)),
      ),
    },
  }
}
