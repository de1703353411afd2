import type { Observations } from '../../services/chassis/observation.ts'
import type { Hop } from '../../services/modes.ts'
import { doorOf } from '../flows/door.ts'
import { isClients, isInner } from '../flows/hops.ts'
import { readUntil } from '../flows/patience.ts'
import { type Marks, mark, recordsSince } from '../flows/records.ts'
import { fooledByShapes, offersHttp2, type Pair, sendPair, type Tried, trySmuggling } from '../flows/smuggling.ts'
import type { LabClient } from '../lab-client.ts'
import { defineScenario, type Evidence, type LinkScenario, type Observed } from '../scenario.ts'
import { random } from '../tools/canary.ts'

/**
 * Every shape goes as raw bytes to everybody who reads requests in this mode; on inner hops as the real caller would send
 * it. A path that no honest request has stands in the smuggled part, and every workload's records are searched for it.
 */
export default defineScenario({
  id: 'request-smuggling',
  claims: ['C4'],
  title: 'Can one request be hidden inside another?',
  guarantee: 'a request that two readers could read differently is refused on <link>',
  explanation:
    'Whoever reads requests decides where one ends and the next begins; if two on the way decide differently, a request nobody checked slips through between them. So each shape known to do that goes as raw bytes to every workload that reads HTTP in this mode, and must get an error and the end of its connection, while two proper requests in one packet are both answered. A lenient server beside the lab shows what some of the same bytes do to a reader who takes what he can.',
  per: 'link',
  select: hop => isInner(hop) || isClients(hop),
  expected: () => 'holds',
  async run(lab, hops) {
    const marks = await mark(lab)
    const tried = await Promise.all(hops.map(hop => tryHop(lab, hop)))
    const records = await settled(lab, marks, tried)
    const fooled = await fooledByShapes(await doorOf(lab, hops[0]!), `/smuggled-${letters()}`)
    return new Map(hops.map(({ link }, i) => [link.id, judgeSmuggling({ ...tried[i]!, records, fooled })]))
  },
} satisfies LinkScenario)

type OnHop = { reader: string; tried: Tried[]; pair: Pair; smuggled: string; proper: string }

const tryHop = async (lab: LabClient, hop: Hop): Promise<OnHop> => {
  const door = await doorOf(lab, hop)
  const [smuggled, proper] = [`/smuggled-${letters()}`, `/proper-${letters()}`]
  const tried = await trySmuggling(door, smuggled, isClients(hop) && (await offersHttp2(door)))
  return { reader: door.reader, tried, pair: await sendPair(door, proper), smuggled, proper }
}

const letters = () => random('abcdefghijkmnpqrstuvwxyz', 16)

type Records = Record<string, Pick<Observations, 'requests'>>

/** Whatever the shapes caused was sent before the last proper request, so its record tells that theirs are there too. */
const settled = (lab: LabClient, marks: Marks, tried: readonly OnHop[]): Promise<Records> =>
  readUntil<Records>(
    () => recordsSince(lab, marks),
    records => tried.every(({ reader, proper }) => pairIn(records, reader, proper).found),
    { tries: 40 },
  )

/** The connection that asked for the proper path, and how many requests a rule let in on it. */
const pairIn = (records: Records, reader: string, proper: string): { found: boolean; allowed: number } => {
  const { requests } = records[reader] ?? { requests: [] }
  const last = requests.find(({ path }) => path === proper)
  const allowed = requests.filter(({ connection, rule }) => connection === last?.connection && rule !== undefined)
  return { found: last !== undefined, allowed: last ? allowed.length : 0 }
}

/**
 * Broken when a smuggled request is in anybody's records, or a shape was answered as if it were clear. The control: two
 * proper requests in one packet are both served on one connection, a third, for another path of that kind, is found, and
 * the shapes do smuggle a request into a lenient server.
 */
export const judgeSmuggling = ({
  reader,
  tried,
  pair,
  smuggled,
  proper,
  records,
  fooled,
}: OnHop & { records: Records; fooled: readonly string[] }): Observed => {
  const reached = Object.entries(records).filter(([, { requests }]) => requests.some(({ path }) => path === smuggled))
  const unrefused = tried.filter(({ outcome }) => outcome === 'accepted' || outcome === 'left open')
  const sent = tried.filter(({ outcome }) => outcome !== 'unsent')
  const disarmed = tried.filter(({ outcome }) => outcome === 'disarmed').length
  const refused = `refused ${tried.length - disarmed} shapes${disarmed > 0 ? ` and dropped what made ${disarmed} dangerous` : ''}`
  const { found, allowed } = pairIn(records, reader, proper)
  const served = pair.statuses.slice(0, 2).filter(status => status < 300).length
  const names = unrefused.map(({ shape, told }) => `${shape} (${told})`).join(', ')
  return {
    verdict: reached.length > 0 || unrefused.length > 0 ? 'broken' : 'holds',
    because:
      reached.length > 0
        ? `a smuggled request reached ${reached.map(([name]) => name).join(', ')}`
        : unrefused.length > 0
          ? `${reader} did not refuse ${names}`
          : `${reader} ${refused}; nobody has a record of a smuggled request`,
    evidence: tried.map(({ shape, told }) => text(shape, reader, told)),
    control: {
      passed:
        sent.length > 0 && sent.length === tried.length && served === 2 && allowed === 2 && found && fooled.length > 0,
      evidence: [
        text('two proper requests and one for a path nobody allows, in one packet', reader, pair.told),
        text(
          'of these in its records, on one connection',
          reader,
          `${allowed} let in, ${found ? 1 : 0} found by its path`,
        ),
        text('shapes that smuggled a request into a lenient server', 'a lenient server', fooled.join(', ')),
      ],
    },
  }
}

const text = (title: string, where: string, told: string): Evidence => ({ kind: 'text', title, where, text: told })
