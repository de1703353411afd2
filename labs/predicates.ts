import type { ConnectionRecord, RequestRecord } from '../services/chassis/observation.ts'
import type { SwitchName } from '../services/control/rollout/switches.ts'
import type { Events } from './events.ts'

type Args = Record<string, string>

/** Whether it holds, and what was seen that says so, or what is missing. */
export type Judgement = { holds: boolean; saw: string }

/** A function over recorded events. `needs` are arguments that must be given, `takes` those that may. */
export type Predicate = {
  needs: readonly string[]
  takes: readonly string[]
  /** It reads what passed on the wire. */
  wire?: true
  judge(events: Events, args: Args): Judgement
}

type Row = [needs: string, takes: string, judge: Predicate['judge'], wire?: 'wire']

const predicate = ([needs, takes, judge, wire]: Row): Predicate => ({
  ...{ needs: words(needs), takes: words(takes), judge },
  ...(wire ? { wire: true as const } : {}),
})

const words = (text: string): string[] => text.split(' ').filter(word => word !== '')

const yes = (saw: string): Judgement => ({ holds: true, saw })
const no = (saw: string): Judgement => ({ holds: false, saw })

/** Every one given has to be what was recorded; `status=2xx` is a class. */
const fits = (wanted: string | undefined, found: string | number | undefined): boolean =>
  wanted === undefined ||
  (/^\dxx$/.test(wanted)
    ? String(found).length === 3 && String(found)[0] === wanted[0]
    : wanted === String(found ?? 'nobody'))

const nameOf = (id: string | undefined): string | undefined => id?.replace(/^spiffe:\/\/[^/]+\//, '')

const connectionOf = (events: Events, at: string, { connection }: RequestRecord): ConnectionRecord | undefined =>
  events.reports[at]?.connections.find(({ id, failure }) => id === connection && !failure)

/** Whom the handshake proved, whoever the policy then took him for. */
const provenOn = (connection: ConnectionRecord | undefined): string | undefined =>
  connection?.peer?.kind === 'authenticated' ? nameOf(connection.peer.id) : undefined

const request: Predicate['judge'] = (events, args) => {
  const { at = '', ...wanted } = args
  const all = events.reports[at]?.requests ?? []
  const found = all.find(
    record =>
      fits(wanted.caller, nameOf(record.caller)) &&
      fits(wanted.by, record.callerBy) &&
      fits(wanted.outcome, record.rule === undefined ? 'denied' : 'served') &&
      fits(wanted.rule, record.rule) &&
      fits(wanted.method, record.method) &&
      fits(wanted.path, record.path) &&
      fits(wanted.status, record.status) &&
      (wanted.over === undefined || wanted.over === connectionOf(events, at, record)?.transport) &&
      (wanted.proven === undefined || wanted.proven === provenOn(connectionOf(events, at, record))),
  )
  const missing =
    all.length === 0 ? `no request at ${at}` : `none of the ${all.length} requests at ${at} is ${described(wanted)}`
  if (!found) return no(missing)
  const who = `${nameOf(found.caller) ?? 'nobody'} (${proof[found.callerBy]})`
  const decision = found.rule === undefined ? `denied: ${found.denied ?? 'no rule'}` : `let in by ${found.rule}`
  return yes(`${at} had ${found.method} ${found.path} from ${who}, ${decision}, answered ${found.status}`)
}

const proof = { certificate: 'proven by certificate', header: 'by his word', nobody: 'proven by nothing' }

const described = (args: Args): string =>
  Object.entries(args)
    .map(([key, value]) => `${key}=${value}`)
    .join(' ') || 'one'

const lost =
  (side: ConnectionRecord['side']): Predicate['judge'] =>
  (events, { at = '', link, failure }) => {
    const found = events.reports[at]?.connections.find(
      record => record.side === side && record.failure && fits(failure, record.failure.name) && fits(link, record.link),
    )
    const cause = failure === undefined ? '' : ` because of ${failure}`
    const none = side === 'server' ? 'has refused no caller' : 'has failed to reach no callee'
    if (!found) return no(`${at} ${none}${cause}`)
    const some = side === 'server' ? 'refused a caller' : 'failed to reach a callee'
    return yes(`${at} ${some}: ${found.failure!.name} (${found.failure!.code})`)
  }

/** A request that was let in on this link, and what its connection was. */
const carried: Predicate['judge'] = (events, { link = '', over, protocol }) => {
  const callee = link.split(':')[1] ?? ''
  const found = events.reports[callee]?.requests.some(record => {
    const connection = record.rule === link ? connectionOf(events, callee, record) : undefined
    return connection?.transport === over && fits(protocol, connection?.protocol)
  })
  const how = protocol === undefined ? over : `${over}, ${protocol}`
  return found ? yes(`${link} carried a request by ${how}`) : no(`no request on ${link} by ${how}`)
}

const inClear = (events: Events, link: string, data: string): boolean =>
  (events.wire[link] ?? Buffer.alloc(0)).includes(`"${data}":`)

const bytesOn = (events: Events, link: string): number => events.wire[link]?.length ?? 0

const isSwitched: Predicate['judge'] = (events, { name = '', is, value }) => {
  const now = events.switches[name as SwitchName]
  const usual = events.state.switched[name as SwitchName] === undefined
  const text = JSON.stringify(now)
  const holds = (is === undefined || (is === 'default') === usual) && (value === undefined || text.includes(value))
  return { holds, saw: `the switch ${name} is ${text}${usual ? ', its default' : ''}` }
}

const verdict: Predicate['judge'] = (events, { scenario, is, mode, link }) => {
  const found = events.verdicts.filter(
    each => each.scenario === scenario && fits(mode, each.mode) && fits(link, each.link),
  )
  if (found.length === 0) return no(`${scenario} has not run${mode === undefined ? '' : ` in ${mode}`}`)
  const judged = found.find(each => each.verdict === is)
  if (judged) return yes(`${scenario} in ${judged.mode}: ${judged.verdict}${judged.link ? ` on ${judged.link}` : ''}`)
  return no(`${scenario} ran, and is nowhere ${is}`)
}

const audited: Predicate['judge'] = (events, { action, target, who, result = 'ok' }) => {
  const found = events.audit.find(
    entry =>
      entry.action === action && fits(target, entry.target) && fits(who, nameOf(entry.who)) && entry.result === result,
  )
  if (!found) return no(`the audit has no ${action}${target === undefined ? '' : ` of ${target}`} (${result})`)
  return yes(`the audit has ${found.action} ${found.target} by ${nameOf(found.who)}, ${found.result}`)
}

const holding: Predicate['judge'] = ({ state: { rollout } }, { step, to }) => {
  if (!rollout) return no('no rollout is under way')
  const holds = rollout.reached && rollout.step === step && fits(to, rollout.to)
  return { holds, saw: `a rollout to ${rollout.to} ${rollout.reached ? 'holds after' : 'is at'} ${rollout.step}` }
}

const inMode: Predicate['judge'] = ({ state }, { is }) => {
  const there = state.mode === is && state.rollout === null && state.settled
  return {
    holds: there,
    saw: state.rollout ? `a rollout to ${state.rollout.to} is under way` : `the lab is in ${state.mode}`,
  }
}

const repaired: Predicate['judge'] = ({ faults, state, switches, topology }) => {
  const left = faults.filter(fault => fault.isOpen({ state, switches, topology }))
  if (faults.length === 0) return no('no fault was drawn')
  return { holds: left.length === 0, saw: `${faults.length - left.length} of ${faults.length} faults are repaired` }
}

/** All there are, by the name a lesson uses. To add one, add a row. */
export const predicates: Record<string, Predicate> = Object.fromEntries(
  Object.entries<Row>({
    mode: ['is', '', inMode],
    request: ['at', 'caller by proven outcome rule method path status over', request],
    refused: ['at', 'failure', lost('server')],
    failed: ['at', 'link failure', lost('client')],
    carried: ['link over', 'protocol', carried],
    spliced: [
      'at',
      '',
      ({ reports }, { at = '' }) => {
        const found = reports[at]?.connections.find(({ transport }) => transport === 'spliced')
        return found ? yes(`${at} passed a connection on unopened`) : no(`${at} has passed no connection on unopened`)
      },
    ],
    readable: [
      'link data',
      '',
      (events, { link = '', data = '' }) =>
        inClear(events, link, data)
          ? yes(`"${data}" stands in the clear among the bytes on ${link}`)
          : no(`${bytesOn(events, link)} bytes on ${link}, and no "${data}" in the clear`),
      'wire',
    ],
    unreadable: [
      'link data',
      '',
      (events, { link = '', data = '' }) => ({
        holds: bytesOn(events, link) > 0 && !inClear(events, link, data),
        saw: `${bytesOn(events, link)} bytes on ${link}, "${data}" ${inClear(events, link, data) ? 'in the clear' : 'nowhere in the clear'}`,
      }),
      'wire',
    ],
    switch: ['name', 'is value', isSwitched],
    verdict: ['scenario is', 'mode link', verdict],
    audit: ['action', 'target who result', audited],
    holding: ['step', 'to', holding],
    repaired: ['', '', repaired],
  }).map(([name, row]) => [name, predicate(row)]),
)
