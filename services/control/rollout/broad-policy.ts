import { spiffeId } from '../../../pki/spiffe.ts'
import type { Rule } from '../../chassis/desired.ts'
import { anyone } from '../../chassis/policy.ts'
import type { Transport } from '../../chassis/transport.ts'
import type { Topology } from '../../topology/topology.ts'
import type { PolicySwitch } from './switches.ts'

const everything = { methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'], paths: ['/*'] }

/** What a workload admits so far: its rules, and the transports they may come over. */
type Held = { rules: Rule[]; accepts: Transport[] }

/** The rules of a posture under a policy that is broader than the topology's links; its own rules stand first. */
export const broadened = (topology: Topology, { rules, accepts }: Held, policy: PolicySwitch): Rule[] => {
  if (policy.kind === 'least-privilege' || accepts.length === 0) return rules
  const broad = (from: string): Rule => ({ link: policy.kind, from, transports: accepts, ...everything })
  const idOf = (name: string) => spiffeId(topology.trustDomain, name)
  if (policy.kind === 'allow-all') return [...rules, ...Object.keys(topology.workloads).map(name => broad(idOf(name)))]
  const denied = policy.names.map((name): Rule => ({ ...broad(idOf(name)), deny: true }))
  return [...denied, ...rules, broad(anyone)]
}
