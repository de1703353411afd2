import type { TlsPolicy } from '../../services/chassis/desired.ts'
import { everywhere } from '../expected.ts'
import { keepOpen, type Met, meetClients, tlsClients } from '../flows/tls-clients.ts'
import type { LabClient } from '../lab-client.ts'
import { defineScenario, type Evidence, type Observed } from '../scenario.ts'
import { forecastTls, publicConnections, type TlsForecast } from '../tls-preview.ts'
import { cameFrom } from '../tools/source.ts'

/** Clients of several kinds call before and after each change of what the public listener negotiates. */
export default defineScenario({
  id: 'protocol-policy',
  claims: ['L10'],
  title: 'Does anybody fail a stricter TLS policy who was not named beforehand?',
  guarantee: 'who a change of TLS policy breaks is named beforehand, and nobody else breaks',
  explanation:
    'Clients that can do only so much call the public name. From the records of those calls a preview says who would fail if the minimum version were raised, suites were removed or the key type were another; then each change is made and everybody calls again. Who fails must have been named, with the cause on record at both ends; who was sure to fail must fail; and connections of before that would not be agreed on any more must end.',
  per: 'system',
  expected: everywhere('holds'),
  run: async lab => judgeProtocolPolicy(await changePolicies(lab)),
})

/** What was foreseen of one change, and what came of it. */
export type Changed = { change: string; foreseen: TlsForecast[]; met: Met[] }

export type PolicyRun = {
  before: Met[]
  changes: Changed[]
  /** A connection of TLS 1.2 from before the minimum was raised: had it ended after? */
  oldEnded: boolean
  restored: Met[]
}

const changesOf = (usual: TlsPolicy): Record<string, TlsPolicy> => ({
  'TLS 1.3 is the least': { ...usual, minVersion: 'TLSv1.3' },
  'one suite less': { ...usual, suites: usual.suites.filter(name => name !== dropped) },
  'an RSA key': { ...usual, keyType: 'rsa-2048' },
})

const dropped = 'TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384'

const changePolicies = async (lab: LabClient): Promise<PolicyRun> => {
  const clients = tlsClients(lab)
  const { tls: usual } = await lab.switches()
  const before = await meetClients(lab, clients)
  const everybody = Object.fromEntries(Object.keys(lab.topology.workloads).map(name => [name, 0]))
  const own = publicConnections(await lab.reports(everybody), lab.topology.ingress.serverName).filter(record =>
    before.some(one => cameFrom(record, one)),
  )
  const kept = await keepOpen(lab, clients.find(({ kind }) => kind === 'TLS 1.2 only')!)
  const changes: Changed[] = []
  let oldEnded = false
  try {
    for (const [change, policy] of Object.entries(changesOf(usual))) {
      await lab.setSwitch('tls', policy)
      if (changes.length === 0) oldEnded = (await kept?.ask('', () => false))?.ended ?? false
      changes.push({ change, foreseen: forecastTls(own, usual, policy), met: await meetClients(lab, clients) })
    }
  } finally {
    kept?.close()
    await lab.setSwitch('tls', usual)
  }
  return { before, changes, oldEnded, restored: await meetClients(lab, clients) }
}

const causes = ['protocol-version', 'no-shared-cipher']

/**
 * Broken when somebody failed who was not named, or did not fail who was sure to, or an old connection went on. The
 * control: each change broke somebody, every refusal was for its version or cipher as both ends have it, and before and
 * afterwards the same clients were served.
 */
export const judgeProtocolPolicy = ({ before, changes, oldEnded, restored }: PolicyRun): Observed => {
  const served = ({ status }: Met) => status >= 200 && status < 300
  const earlier = ({ kind }: Met) => before.find(met => met.kind === kind && served(met))
  const lost = ({ met }: Changed) => met.filter(one => !served(one) && earlier(one))
  const faults = [
    ...changes.flatMap(changed => {
      const foreseen = (one: Met) => changed.foreseen.filter(forecast => isOf(forecast, earlier(one)))
      const named = (one: Met) => foreseen(one).length > 0
      const sure = (one: Met) => foreseen(one).some(({ verdict }) => verdict === 'will-fail')
      return [
        ...lost(changed)
          .filter(one => !named(one))
          .map(({ kind }) => `${changed.change}: nobody had named ${kind}`),
        ...changed.met
          .filter(one => sure(one) && served(one))
          .map(({ kind }) => `${changed.change}: ${kind} did not fail`),
      ]
    }),
    ...(oldEnded ? [] : ['a connection of TLS 1.2 went on when TLS 1.3 was the least']),
  ]
  const refusals = [before, ...changes.map(({ met }) => met), restored].flat().filter(met => !served(met))
  const same = before.every(one => restored.some(met => met.kind === one.kind && met.agreed === one.agreed))
  return {
    verdict: faults.length > 0 ? 'broken' : 'holds',
    because:
      faults.length > 0
        ? faults.join('; ')
        : changes
            .map(
              changed =>
                `${changed.change}: ${lost(changed)
                  .map(({ kind }) => kind)
                  .join(', ')} failed`,
            )
            .join('; '),
    evidence: changes.flatMap(({ change, foreseen, met }) => [
      ...foreseen.map(one => foretold(change, one, before)),
      ...met.map(one => told(change, one)),
    ]),
    control: {
      passed:
        before.some(served) &&
        changes.length > 0 &&
        changes.every(changed => lost(changed).length > 0 && changed.met.some(served)) &&
        refusals.every(({ client, server }) => causes.includes(client ?? '') && causes.includes(server ?? '')) &&
        same,
      evidence: [...before.map(one => told('before', one)), ...restored.map(one => told('set back', one))],
    },
  }
}

/** A forecast is made by address, version and suite. */
const isOf = ({ address, protocol, cipher }: TlsForecast, met: Met | undefined): boolean =>
  address === met?.from && met.agreed === `${protocol} ${cipher}`

const told = (when: string, { kind, agreed, status, client, server }: Met): Evidence => ({
  kind: agreed === undefined ? 'failure' : 'request',
  title: `${when}: ${kind}`,
  where: 'client',
  text:
    agreed === undefined
      ? `${client}, as the client saw it; ${server ?? 'nothing'}, as its other end recorded it`
      : `${agreed}, answered ${status}`,
})

const foretold = (change: string, forecast: TlsForecast, before: readonly Met[]): Evidence => ({
  kind: 'text',
  title: `${change}: foreseen`,
  where: 'client',
  text: `${before.find(met => isOf(forecast, met))?.kind ?? forecast.address} ${forecast.verdict.replace('-', ' ')}: ${forecast.because}`,
})
