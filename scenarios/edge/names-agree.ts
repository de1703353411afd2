import { internalServerName } from '../../services/chassis/connector.ts'
import { hopsOf } from '../../services/hops.ts'
import { everywhere } from '../expected.ts'
import { doorOf } from '../flows/door.ts'
import { askInTurn, type Named } from '../flows/names.ts'
import { mark, recordsSince } from '../flows/records.ts'
import type { LabClient } from '../lab-client.ts'
import { defineScenario, type Evidence, type Observed } from '../scenario.ts'
import { dialRaw } from '../tools/raw.ts'

export default defineScenario({
  id: 'names-agree',
  claims: ['B8', 'C3'],
  title: 'Is a request served under a name its connection was not made for?',
  guarantee: 'server name, Host and :authority agree, or nothing is served',
  explanation:
    'Routing by name is decided twice, once by the server name in the handshake and once by the Host of each request, and what one of them keeps out the other may let in. So requests for other names are sent on new connections and on used ones, over each version of HTTP that is offered: they must be called misdirected and reach nobody, while requests for the right name before and after them are served.',
  per: 'system',
  expected: everywhere('holds'),
  run: async lab => judgeNames(await misname(lab)),
})

/** `reached`: workloads that let in a request which its sender was told is refused. `handshake`: how the edge recorded another server name. */
export type Misnamed = { own: string; named: Named[]; reached: string[]; handshake: string; expectedOwn: number }

const misname = async (lab: LabClient): Promise<Misnamed> => {
  const { topology } = lab
  const { mode } = await lab.state()
  const door = await doorOf(lab, hopsOf(topology, mode)[0]!)
  const own = door.host
  const others = ['elsewhere.example', `other.${own}`, internalServerName(door.reader, topology.trustDomain)]
  const marks = await mark(lab)
  const turns = (['HTTP/1.1', 'HTTP/2'] as const).flatMap(over => [
    ...others.map(other => askInTurn(door, over, [other])),
    askInTurn(door, over, [own, ...others, own]),
    askInTurn(door, over, [own, [others[0]!, own]]),
    askInTurn(door, over, [own, [own, others[0]!]]),
  ])
  const named = (await Promise.all(turns)).flat()
  const { raw } = await dialRaw({ ...door.dial, tls: { ...door.dial.tls, servername: others[0]! } })
  raw?.close()
  const refused = new Set(named.flatMap(({ requestId }) => requestId ?? []))
  const reports = await recordsSince(lab, marks)
  const reached = Object.entries(reports).filter(([, { requests }]) =>
    requests.some(({ requestId, rule }) => refused.has(requestId) && rule !== undefined),
  )
  const turnedAway = reports[topology.ingress.edge]?.connections.find(
    ({ failure }) => failure !== undefined && nameUnknown.includes(failure.name),
  )
  const handshake = raw ? 'taken' : (turnedAway?.failure?.name ?? 'lost')
  return {
    ...{ own, named, reached: reached.map(([name]) => name), handshake },
    expectedOwn: named.some(({ over }) => over === 'HTTP/2') ? 8 : 4,
  }
}

/** Where the edge ends TLS, and where it splices. */
const nameUnknown = ['unrecognized-name', 'server-name-unknown']

/** One name that is not the connection's, and two names at once. */
const causes = ['misdirected-request', 'host-ambiguous', 'target-mismatch']

/**
 * Broken when a request for another name was answered as if it were right, or is in somebody's records as let in. The
 * control: the right name was served on the same connections, and every refusal was for the name.
 */
export const judgeNames = ({ own, named, reached, handshake, expectedOwn }: Misnamed): Observed => {
  const right = named.filter(({ asked }) => asked === own)
  const wrong = named.filter(({ asked }) => asked !== own)
  const answered = wrong.filter(({ status }) => status > 0 && status < 400)
  const due = wrong.filter(({ failure }) => causes.includes(failure ?? ''))
  const broken = answered.length > 0 || reached.length > 0 || handshake === 'taken'
  return {
    verdict: broken ? 'broken' : 'holds',
    because: broken
      ? [
          ...answered.map(
            ({ asked, over, connection }) => `${asked} was served over ${over} on a ${connection} connection`,
          ),
          ...reached.map(name => `${name} let a refused request in`),
          ...(handshake === 'taken' ? ['a handshake for another server name was completed'] : []),
        ].join('; ')
      : `${wrong.length} requests for other names were refused as such and reached nobody; another server name in the handshake: ${handshake}`,
    evidence: [
      ...wrong.map(told),
      { kind: 'text', title: 'another server name in the handshake', where: 'client', text: handshake },
    ],
    control: {
      passed:
        right.length === expectedOwn &&
        right.every(({ status }) => status >= 200 && status < 300) &&
        (broken || (wrong.length > 0 && due.length === wrong.length && nameUnknown.includes(handshake))),
      evidence: right.map(told),
    },
  }
}

const told = ({ over, connection, asked, status, failure }: Named): Evidence => ({
  ...{ kind: 'request', title: `${asked} over ${over}, ${connection} connection`, where: 'client' },
  text: `${status}${failure === undefined ? '' : ` ${failure}`}`,
})
