import type { ApplicationRecord } from '../../services/chassis/observation.ts'
import type { Hop } from '../../services/modes.ts'
import { endsAtSidecar, gotBehind, received, reportWithSpan } from '../flows/application-side.ts'
import { idOf } from '../flows/hops.ts'
import { callAsCaller, callFromInside, type InsiderOutcome, wasServed } from '../flows/insider-call.ts'
import { mark } from '../flows/records.ts'
import { allLinks, defineScenario, type Evidence, type Observed } from '../scenario.ts'

export default defineScenario({
  id: 'legacy-behind-sidecar',
  claims: ['C9'],
  title: 'Does a service that speaks only plaintext leave plaintext on the network?',
  guarantee: 'a service that knows no TLS is reached by TLS alone on <link>',
  explanation:
    'A service that cannot speak TLS is called as its real caller would, and once in plaintext at the same port. Where the link is encrypted its sidecar speaks TLS for it and refuses plaintext, while the service itself goes on receiving plain HTTP on its own loopback. Where the link is plaintext the sidecar changes nothing.',
  per: 'link',
  select: endsAtSidecar,
  expected: ({ transport }) => (transport === 'plaintext' ? 'broken' : 'holds'),
  run: allLinks(async (lab, hop) => {
    const { callee, caller } = hop.link
    const { [callee]: since } = await mark(lab, [callee])
    const genuine = await callAsCaller(lab, hop)
    const report = await reportWithSpan(lab, callee, since!, genuine.request?.spanId)
    const statedCaller = idOf(lab.topology, caller)
    const plain = await callFromInside(lab, { ...hop, transport: 'plaintext' }, 'in plaintext', { statedCaller })
    return judgeLegacy(hop, { genuine, plain, application: gotBehind(report, genuine.request?.spanId) })
  }),
})

type Calls = { genuine: InsiderOutcome; plain: InsiderOutcome; application: ApplicationRecord | undefined }

/**
 * Holds when the call came over TLS and none in plaintext is served. The control: the call did reach the application,
 * which got it in plaintext, and the plaintext call was refused for being one.
 */
export const judgeLegacy = (hop: Hop, { genuine, plain, application }: Calls): Observed => {
  const { callee } = hop.link
  const { tls } = genuine.attempt
  const served = wasServed(hop, plain)
  const refused = plain.refusal?.failure?.name === 'plaintext-to-tls' || plain.request?.denied !== undefined
  const broken = tls === undefined || served
  return {
    verdict: broken ? 'broken' : 'holds',
    because: broken
      ? `${callee} was called in plaintext over the network and answered`
      : `the sidecar of ${callee} spoke ${tls.protocol} for it and refused plaintext`,
    evidence: [
      onTheWire(hop, genuine),
      ...(application ? [received(callee, application)] : []),
      ...plain.evidence.map(({ title, ...rest }) => ({ title: `a call ${title}`, ...rest })),
    ],
    control: {
      passed: wasServed(hop, genuine) && application?.encrypted === false && (served || refused),
      evidence: genuine.evidence,
    },
  }
}

const onTheWire = ({ link }: Hop, { attempt: { tls } }: InsiderOutcome): Evidence => ({
  ...{ kind: 'text', title: 'what carried the call to the sidecar', where: link.id },
  text: tls ? `${tls.protocol} ${tls.cipher}` : 'plain HTTP',
})
