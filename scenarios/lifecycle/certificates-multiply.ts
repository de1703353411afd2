import { bySerial } from '../../services/control/measures/life.ts'
import { usualHopsOf } from '../../services/hops.ts'
import type { Mode } from '../../services/modes.ts'
import type { Topology } from '../../services/topology/topology.ts'
import { atScale, type CertificateCounts, countCertificates, scaleFormula, usualScales } from '../certificate-counts.ts'
import { certificatesShown, type ShownCertificate } from '../flows/certificates-shown.ts'
import { count, outcome, succeeded } from '../flows/evidence.ts'
import { isInner } from '../flows/hops.ts'
import { watchEveryWay } from '../flows/watched-probe.ts'
import { defineScenario, type Evidence, type Observed } from '../scenario.ts'
import type { Attempt } from '../tools/attempt.ts'

export default defineScenario({
  id: 'certificates-multiply',
  claims: ['L13'],
  title: 'How much certificate work is it, and whose?',
  guarantee: 'certificate work stays in one place',
  explanation:
    'Every request that the public may send goes over new connections, and each certificate that the other end of one recorded is counted: how many, at how many workloads, and how often they are issued for their lifetime. Where TLS ends at the edge it is the public one alone; wherever workloads prove themselves each has its own, and so it will be with hundreds of services.',
  per: 'system',
  expected: (mode: Mode, topology: Topology) =>
    usualHopsOf(topology, mode)
      .filter(isInner)
      .every(({ transport }) => transport === 'plaintext')
      ? 'holds'
      : 'broken',
  async run(lab) {
    const { seen, overheard } = await watchEveryWay(lab)
    const rows = bySerial({ certificates: await lab.lifecycle.certificates() })
    const shown = certificatesShown(seen)
    const unknown = shown.filter(({ serial }) => !rows.has(serial.toLowerCase()))
    const workloads = Object.keys(lab.topology.workloads).length
    return judgeMultiplied({ counts: countCertificates(shown, rows), unknown, workloads, answer: overheard.answer })
  },
})

/** `unknown`: certificates shown that no ledger has. `workloads`: how many there are. */
type Multiplied = {
  counts: CertificateCounts
  unknown: readonly ShownCertificate[]
  workloads: number
  answer: Attempt
}

/** Holds when one workload alone has them. The control: the probe was served, and each certificate is one that was issued. */
export const judgeMultiplied = ({ counts, unknown, workloads, answer }: Multiplied): Observed => {
  const { certificates, owners } = counts
  const scaled = usualScales.map(services => atScale(counts, workloads, services))
  const most = scaled.at(-1)!
  return {
    verdict: owners.length === 1 ? 'holds' : 'broken',
    because: `${certificates} in use, at ${owners.join(', ') || 'nobody'}; with ${most.services} services it would be ${most.certificates}`,
    evidence: [
      count('certificates in use', owners.join(', ') || 'nobody', certificates),
      count('issued per hour for them', 'the control plane', Math.round(counts.issuancesPerHour * 10) / 10),
      ...scaled.map(
        (each): Evidence => ({
          ...{ kind: 'count', title: `certificates with ${each.services} services`, where: scaleFormula },
          text: `${each.certificates}, at ${each.owners} owners, ${Math.round(each.issuancesPerHour)} issued per hour`,
        }),
      ),
    ],
    control: {
      passed: succeeded(answer) && certificates > 0 && unknown.length === 0,
      evidence: [
        outcome('the probe', 'client', answer),
        ...unknown.map(
          ({ workload, serial }): Evidence => ({
            ...{ kind: 'certificate', title: 'in no ledger', where: workload, text: serial },
          }),
        ),
      ],
    },
  }
}
