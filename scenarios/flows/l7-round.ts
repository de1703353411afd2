import type { Observations } from '../../services/chassis/observation.ts'
import type { LabClient } from '../lab-client.ts'
import { scriptInQuery } from '../tools/attack-pattern.ts'
import { countedBetween } from './l7-counts.ts'
import { tightRate, whileMounted } from './l7-places.ts'
import { readUntil } from './patience.ts'
import { type Got, openPublicLine } from './public-line.ts'
import { mark, recordsSince } from './records.ts'

/** The controls that a round tries: filter (C1), rate limit (C2), header normalization (C4), token check (C5), metrics (C6). */
export const controls = ['filter', 'rate', 'headers', 'tokens', 'metrics'] as const
export type Control = (typeof controls)[number]

/** One client's requests with the pack mounted somewhere: what each control did, and where. */
export type Round = {
  /** Who exercised the control; missing where nobody did. */
  exercised: Partial<Record<Control, string>>
  /** What the client got for an honest request before it went too far. */
  honest: Got
  sent: number
  /** Who met the public's requests first, and so has to keep the rules about them. */
  entries: readonly string[]
  /** By workload: requests it had to turn away itself. */
  turnedAway: Record<string, number>
}

const flood = 10
const burst = 6

/** Mounts the pack at these workloads alone, and sends an honest request with a token, an attack, a contradiction and a small flood without one. */
export const playRound = async (lab: LabClient, places: readonly string[]): Promise<Round> => {
  const token = await lab.token({ subject: 'ada', roles: lab.topology.tokens.roles.map(({ role }) => role) })
  return whileMounted(
    lab,
    places,
    async () => {
      const marks = await mark(lab)
      const before = await recordsSince(lab, marks)
      const { honest, sent, path } = await misbehave(lab, token)
      const after = await readUntil(
        () => recordsSince(lab, marks),
        reports => Object.values(reports).some(({ requests }) => requests.filter(r => r.path === path).length >= flood),
      )
      const refusedBy = (as: RegExp) =>
        Object.keys(after).find(workload =>
          after[workload]!.requests.some(({ failure }) => as.test(failure?.name ?? '')),
        )
      const counting = Object.keys(after).find(workload => countsAll(before[workload], after[workload], sent))
      return {
        honest,
        sent,
        exercised: {
          ...named('filter', refusedBy(/^filtered$/)),
          ...named('rate', refusedBy(/^rate-limited$/)),
          ...named('headers', refusedBy(/^header-conflict$/)),
          ...named('tokens', refusedBy(tokenRefusal)),
          ...named('metrics', counting),
        },
        entries: Object.keys(after).filter(name => after[name]!.requests.some(({ callerBy }) => callerBy === 'nobody')),
        turnedAway: Object.fromEntries(Object.entries(after).map(([name, report]) => [name, turnedAwayBy(report)])),
      }
    },
    { rate: tightRate(burst), tokens: true },
  )
}

const misbehave = async (lab: LabClient, token: string) => {
  const line = await openPublicLine(lab)
  try {
    const { lines, ...order } = line.honest()
    const others = lines.filter(text => !/^authorization:/i.test(text))
    const honest = await line.send({ ...order, lines: [...others, `Authorization: Bearer ${token}`] })
    const attack = line.light()
    await line.send({ ...attack, target: attack.target + scriptInQuery })
    await line.send(line.light(), 'Referer: https://one.example/', 'Referer: https://two.example/')
    const request = line.light()
    for (let i = 0; i < flood; i++) await line.send(request)
    return { honest, sent: 3 + flood, path: request.target }
  } finally {
    line.close()
  }
}

const countsAll = (before: Observations | undefined, after: Observations | undefined, sent: number): boolean =>
  countedBetween(before, after)?.requests === sent

const tokenRefusal = /^token-/
const packRefusal = /^(?:filtered|rate-limited|header-conflict|token-.*)$/

const turnedAwayBy = ({ requests }: Observations): number =>
  requests.filter(({ failure }) => packRefusal.test(failure?.name ?? '')).length

const named = (control: Control, workload: string | undefined): Round['exercised'] =>
  workload === undefined ? {} : { [control]: workload }
