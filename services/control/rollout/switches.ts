import { isDeepStrictEqual } from 'node:util'
import * as v from 'valibot'
import { HopError } from '../../../pki/error.ts'
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
}

export type SwitchName = keyof Switches

/** The right ones: the pack at the edge, least privilege, the client's address passed on by the edge alone, no log pipeline. */
export const defaultSwitches = ({ ingress }: Pick<Topology, 'ingress'>, rate: Rate = defaultRate): Switches => ({
  l7: { [ingress.edge]: { waf: true, rate, tokens: false } },
  policy: { kind: 'least-privilege' },
  proxyProtocol: 'edge',
  logPipelines: {},
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
const namesOf = (topology: Topology) =>
  v.pipe(v.array(workloadName(topology)), v.maxLength(Object.keys(topology.workloads).length))
const l7Settings = v.strictObject({ waf: v.boolean(), rate: v.nullable(rate), tokens: v.boolean() })

const schemas = (topology: Topology) => ({
  l7: byName(workloadName(topology), l7Settings),
  policy: v.variant('kind', [
    v.strictObject({ kind: v.literal('least-privilege') }),
    v.strictObject({ kind: v.literal('allow-all') }),
    v.strictObject({ kind: v.literal('deny-by-name'), names: namesOf(topology) }),
  ]),
  proxyProtocol: v.picklist(['edge', 'anyone', 'off']),
  logPipelines: byName(workloadName(topology), pipeline(topology)),
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
