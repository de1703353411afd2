import type { Switches } from '../../services/control/rollout/switches.ts'
import { linkId } from '../../services/topology/topology.ts'
import { everywhere } from '../expected.ts'
import { excerpt, outcome } from '../flows/evidence.ts'
import { mark } from '../flows/records.ts'
import { whileSwitched } from '../flows/switched.ts'
import { type GateFinding, gateSince } from '../gate.ts'
import type { LabClient } from '../lab-client.ts'
import { defineScenario, type Observed } from '../scenario.ts'
import type { Attempt } from '../tools/attempt.ts'
import { random } from '../tools/canary.ts'
import { type Newcomer, startNewcomer } from '../tools/newcomer.ts'
import { createOutsider } from '../tools/outsider.ts'
import { told } from './sprawl-service.ts'

/** The direction that no listener guards: a workload is told to ship its records to a collector, and nobody to refuse it. */
export default defineScenario({
  id: 'sprawl-pipeline',
  claims: ['B6'],
  title: 'Does a log pipeline that is added later go out in plaintext?',
  guarantee: 'a log pipeline added later tells nobody on the wire who asked for what',
  explanation:
    "The service behind the edge is told to ship its request records to a collector that no topology declares, as log agents are. A tap on that way reads them: who asked for what, from which address. No mode helps, because a mode says how links are carried, this is none of them, and what goes out passes no listener that could refuse it. The gate does see it, in the service's own records of the connections it made, and refuses it in every mode.",
  per: 'system',
  expected: everywhere('broken'),
  async run(lab) {
    const { passthroughTo: service } = lab.topology.ingress
    const name = `collector-${random('abcdefghjkmnpqrstuvwxyz', 6)}`
    const collector = await startNewcomer(lab.standsAt)
    try {
      return await tapped(lab, linkId(service, name), collector)
    } finally {
      await collector.close()
    }
  },
})

/** Ships to the collector by a tap, and looks at what passes there. */
const tapped = async (lab: LabClient, link: string, collector: Newcomer): Promise<Observed> => {
  const [service = '', name = ''] = link.split(':')
  const tap = lab.wire(link)
  const address = await tap.add(collector.address)
  try {
    const shipping = (before: Switches['logPipelines']) => ({ ...before, [service]: { name, address } })
    const marks = await mark(lab)
    const { path, attempt } = await whileSwitched(lab, 'logPipelines', shipping, async () => {
      const asked = await askFor(lab)
      await collector.until(asked.path, AbortSignal.timeout(5000))
      return asked
    })
    const { findings } = await gateSince(lab, marks)
    const wire = Buffer.concat((await tap.bytes()).map(({ bytes }) => bytes['to-callee']))
    const finding = findings.find(each => each.link === link)
    return judgePipeline({ service, path, attempt, wire, finding, received: collector.received().join('') })
  } finally {
    await tap.remove()
  }
}

/** A request of which there is no other: its path says so. */
const askFor = async (lab: LabClient): Promise<{ path: string; attempt: Attempt }> => {
  const allowed = lab.topology.ingress.allow.find(({ path }) => path.endsWith('/*'))
  const path = `${allowed?.path.slice(0, -1) ?? '/'}${random('abcdefghjkmnpqrstuvwxyz', 24)}`
  const method = allowed?.method ?? 'GET'
  return { path, attempt: await (await createOutsider(lab)).send({ method, path }) }
}

type Shipped = {
  service: string
  path: string
  attempt: Attempt
  wire: Buffer
  finding: GateFinding | undefined
  received: string
}

/** Broken when the request can be read on the pipeline's wire. The control: its record did arrive, and the gate refuses the way it took. */
export const judgePipeline = ({ service, path, attempt, wire, finding, received }: Shipped): Observed => {
  const read = wire.includes(path)
  return {
    verdict: read ? 'broken' : 'holds',
    because: read
      ? `what ${service} was asked for could be read on its way to a collector nobody declared; the gate ${finding?.decision === 'refused' ? 'refuses it' : 'let it be'}`
      : `nothing of the request is in the ${wire.length} bytes on the way to the collector`,
    evidence: [
      ...(read ? [excerpt('the record of a request', `${service}:collector`, wire, path)] : []),
      ...(finding ? [told(finding)] : []),
    ],
    control: {
      passed: attempt.answered && received.includes(path) && finding?.decision === 'refused' && !finding.declared,
      evidence: [outcome('the request', 'client', attempt)],
    },
  }
}
