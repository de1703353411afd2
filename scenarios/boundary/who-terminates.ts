import type { Observations } from '../../services/chassis/observation.ts'
import { clientLink } from '../../services/hops.ts'
import { whereTheEdgePassesOn } from '../expected.ts'
import { excerpt } from '../flows/evidence.ts'
import { holderOf } from '../flows/held.ts'
import { listenIn, type Overheard } from '../flows/listen-in.ts'
import { mark, recordsSince } from '../flows/records.ts'
import { defineScenario, type Observed } from '../scenario.ts'

/** Compares the key the client was shown with the keys every workload says it holds. */
export default defineScenario({
  id: 'who-terminates',
  claims: ['B1', 'B8'],
  title: 'Whose certificate does the customer see?',
  guarantee: "the customer's TLS ends at the service itself",
  explanation:
    'The key that the customer is shown is looked for among the keys that every workload says it holds. Where the edge ends TLS the edge holds that key; where TLS passes through, the service does, and the edge has no key for the public name at all.',
  per: 'system',
  expected: whereTheEdgePassesOn,
  async run(lab) {
    const { edge, passthroughTo: service } = lab.topology.ingress
    const overheard = await listenIn(lab)
    const reports = await recordsSince(lab, await mark(lab))
    return judgeTermination(overheard, reports, { edge, service, entrance: clientLink(lab.topology).id })
  },
})

type Place = { edge: string; service: string; entrance: string }

/** Holds when the service holds the key and the edge none for that name. The control: the holder's secrets open the client's bytes. */
export const judgeTermination = (
  { answer, canary, decrypted }: Overheard,
  reports: Record<string, Pick<Observations, 'held'>>,
  { edge, service, entrance }: Place,
): Observed => {
  const shown = answer.tls?.peerKey ?? 'none'
  const name = answer.tls?.peerNames ?? 'no name'
  const holder = holderOf(reports, shown)
  const edgeHolds = (reports[edge]?.held ?? []).filter(({ kind }) => kind === 'public').map(held => held.name)
  const opened = holder === undefined ? Buffer.alloc(0) : decrypted(entrance, [holder])
  const [first = ''] = Object.values(canary.needles)
  const read = first !== '' && opened.includes(first)
  const verdict = holder === service && edgeHolds.length === 0 ? 'holds' : 'broken'
  return {
    verdict,
    because: `the key of ${name} that the customer was shown is held by ${holder ?? 'nobody'}${
      verdict === 'holds' ? `, and ${edge} holds no public key at all` : `, not by ${service} alone`
    }`,
    evidence: [
      {
        kind: 'certificate',
        title: `what the customer saw for ${name}`,
        where: 'client',
        text: `SPKI SHA-256 ${shown}`,
      },
      ...Object.entries(reports).flatMap(([where, { held }]) =>
        held
          .filter(certificate => certificate.key === shown)
          .map(({ serial, notAfter }) => ({
            ...{ kind: 'certificate' as const, title: 'holds this key', where },
            text: `serial ${serial}, until ${notAfter}`,
          })),
      ),
    ],
    control: {
      passed: holder !== undefined && read,
      evidence: read ? [excerpt(`opened with the secrets of ${holder}`, entrance, opened, first)] : [],
    },
  }
}
