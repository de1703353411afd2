import { isDeepStrictEqual } from 'node:util'
import * as v from 'valibot'
import { HopError } from '../../../pki/error.ts'
import type { RevocationPolicy } from '../../chassis/control-protocol.ts'
import type { TlsPolicy } from '../../chassis/desired.ts'
import { usableSuites, usualTls } from '../../chassis/tls-suites.ts'
import type { Address } from '../../chassis/transport.ts'
import { defaultRate, type Rate } from '../../l7/rate-limit.ts'
import type { Topology } from '../../topology/topology.ts'
import { addressSchema, byName } from '../api/body.ts'

/** What an operator mounts of the L7 policy pack at one workload. */
export type L7Settings = { waf: boolean; rate: Rate | null; tokens: boolean }

/**
 * Who may call whom. `least-privilege`: the topology's links, everything else denied. `allow-all`: every workload may
 * send everything everywhere. `deny-by-name`: everybody may, but for the workloads named.
 */
export type PolicySwitch =
  | { kind: 'least-privilege' }
  | { kind: 'allow-all' }
  | { kind: 'deny-by-name'; names: string[] }

/** Does a splicing edge say who connected (PROXY protocol v2), and who else is believed to say so? */
export type ProxyProtocolSwitch = 'edge' | 'anyone' | 'off'

/**
 * What an operator can set beside the mode, live. Each names one decision of the lab; the settings that scenarios try
 * are the wrong ones too, which is why every change is audited.
 */
export type Switches = {
  /** Where the L7 policy pack is mounted, by workload. */
  l7: Record<string, L7Settings>
  policy: PolicySwitch
  proxyProtocol: ProxyProtocolSwitch
  /** Log pipelines: a workload ships its records to `name` at `address`, which no topology declares. */
  logPipelines: Record<string, { name: string; address: Address }>
  /** By workload, where it is not the usual: does it renew its certificates, and for how long are they issued to it? */
  renewal: Record<string, { on: boolean; lifetimeS?: number }>
  /** What CRLs are given out, and what to do where one is missing or past its nextUpdate. */
  revocation: RevocationSettings
  /** Workloads that are not told whom to trust: they stay with what they hold (claim L14). */
  trustWithheld: string[]
  /** What the public listener negotiates, and the type of its key (claim L10). */
  tls: TlsPolicy
  /** By workload: how many seconds its clock is off (claim L8). */
  clocks: Record<string, number>
}

/**
 * `renewed` in time, the usual; `left-to-expire`: one more of `lifetimeS` is given out and then none; `withheld`: none is
 * given out at all.
 */
export type RevocationSettings = {
  lists: 'renewed' | 'left-to-expire' | 'withheld'
  lifetimeS?: number
  failure: RevocationPolicy
}

export type SwitchName = keyof Switches

/** The right ones: the pack at the edge, least privilege, the client's address passed on by the edge alone, no log pipeline. */
export const defaultSwitches = ({ ingress }: Pick<Topology, 'ingress'>, rate: Rate = defaultRate): Switches => ({
  l7: { [ingress.edge]: { waf: true, rate, tokens: false } },
  policy: { kind: 'least-privilege' },
  proxyProtocol: 'edge',
  logPipelines: {},
  renewal: {},
  revocation: { lists: 'renewed', failure: 'hard-fail' },
  trustWithheld: [],
  tls: usualTls,
  clocks: {},
})

/** Those that stand otherwise. */
export const switchedFrom = (defaults: Switches, now: Switches): Partial<Switches> =>
  Object.fromEntries(
    Object.entries(now).filter(([name, value]) => !isDeepStrictEqual(value, defaults[name as SwitchName])),
  )

const workloadName = (topology: Topology) => v.picklist(Object.keys(topology.workloads))
/** As a topology's names are, and none of them: what is shipped there is on no declared link. */
const collectorName = (topology: Topology) =>
  v.pipe(
    v.string(),
    v.regex(/^[a-z][a-z0-9-]{0,31}$/, 'a name such as collector'),
    v.notValues(Object.keys(topology.workloads)),
  )
const rate = v.strictObject({
  perSecond: v.pipe(v.number(), v.minValue(0.001), v.maxValue(1e9)),
  burst: v.pipe(v.number(), v.minValue(1), v.maxValue(1e9)),
})
const pipeline = (topology: Topology) => v.strictObject({ name: collectorName(topology), address: addressSchema })
const eachOnce = (names: string[]) => new Set(names).size === names.length
const namesOf = (topology: Topology) => v.pipe(v.array(workloadName(topology)), v.check(eachOnce, 'each name once'))
const l7Settings = v.strictObject({ waf: v.boolean(), rate: v.nullable(rate), tokens: v.boolean() })

const lifetimeS = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(30 * 86_400))
const renewal = v.strictObject({ on: v.boolean(), lifetimeS: v.optional(lifetimeS) })
const revocation = v.strictObject({
  lists: v.picklist(['renewed', 'left-to-expire', 'withheld']),
  lifetimeS: v.optional(lifetimeS),
  failure: v.picklist(['hard-fail', 'soft-fail']),
})
const tls = v.pipe(
  v.strictObject({
    minVersion: v.picklist(['TLSv1.2', 'TLSv1.3']),
    suites: v.pipe(v.array(v.picklist(usualTls.suites)), v.minLength(1), v.check(eachOnce, 'each suite once')),
    keyType: v.picklist(['p256', 'rsa-2048']),
  }),
  v.check(policy => usableSuites(policy).length > 0, 'a suite that its minVersion and keyType allow'),
)
const clockOffsetS = v.pipe(v.number(), v.integer(), v.minValue(-86_400), v.maxValue(86_400))

const schemas = (topology: Topology) => ({
  l7: byName(workloadName(topology), l7Settings),
  policy: v.variant('kind', [
    v.strictObject({ kind: v.literal('least-privilege') }),
    v.strictObject({ kind: v.literal('allow-all') }),
    v.strictObject({ kind: v.literal('deny-by-name'), names: namesOf(topology) }),
  ]),
  proxyProtocol: v.picklist(['edge', 'anyone', 'off']),
  logPipelines: byName(workloadName(topology), pipeline(topology)),
  renewal: byName(workloadName(topology), renewal),
  revocation,
  trustWithheld: namesOf(topology),
  tls,
  clocks: byName(workloadName(topology), clockOffsetS),
})

/** The shape of a switch's value, by its name. Throws `switch-unknown`. */
export const switchSchema = (topology: Topology, name: string): { name: SwitchName; schema: v.GenericSchema } => {
  const known = schemas(topology)
  if (Object.hasOwn(known, name)) return { name: name as SwitchName, schema: known[name as SwitchName] }
  throw new HopError('switch-unknown', {
    field: 'switch',
    expected: Object.keys(known).join(', '),
    found: JSON.stringify(name.slice(0, 100)),
  })
}
