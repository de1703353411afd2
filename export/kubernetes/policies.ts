import { image } from '../image.ts'
import type { Part } from '../parts.ts'
import { anyWorkload, labelsOf, selectorOf, workloadLabels } from './labels.ts'
import type { Manifest, Setting } from './manifest.ts'

/*
 * Whoever may not call may not even connect. Every pod is denied everything by one policy; what the topology says is
 * given back by one policy a workload, which holds its callers and its callees. A connection needs both its ends' leave.
 */

const { ports } = image

const tcp = (port: number) => ({ protocol: 'TCP', port })

const policy = (name: string, labels: Record<string, string>, spec: object): Manifest => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name, labels },
  spec,
})

/** Names with a dot cannot be workloads' names. */
export const namespaceWide = (setting: Setting): Manifest[] => [
  policy('hop.deny-all', labelsOf(setting, setting.lab, 'network'), {
    podSelector: {},
    policyTypes: ['Ingress', 'Egress'],
  }),
  policy('hop.dns', labelsOf(setting, setting.lab, 'network'), {
    podSelector: { matchLabels: anyWorkload },
    policyTypes: ['Egress'],
    egress: [
      {
        to: [
          {
            namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'kube-system' } },
            podSelector: { matchLabels: { 'k8s-app': 'kube-dns' } },
          },
        ],
        ports: [{ protocol: 'UDP', port: 53 }, tcp(53)],
      },
    ],
  }),
]

/** The control plane hears every workload, dials nobody, and shows its operator API to no pod: that is reached by port-forward. */
export const controlPolicy = (setting: Setting): Manifest =>
  policy('control', labelsOf(setting, 'control', 'control'), {
    podSelector: { matchLabels: selectorOf(setting, 'control') },
    policyTypes: ['Ingress', 'Egress'],
    ingress: [{ from: [{ podSelector: { matchLabels: anyWorkload } }], ports: [tcp(ports.control)] }],
    egress: [],
  })

/** Exactly the links of the topology at this workload, and its way to the control plane. */
export const workloadPolicy = (setting: Setting, part: Part): Manifest => {
  const pods = (name: string) => ({ podSelector: { matchLabels: selectorOf(setting, name) } })
  const callers = part.callers.map(pods)
  return policy(part.name, workloadLabels(setting, part), {
    podSelector: { matchLabels: selectorOf(setting, part.name) },
    policyTypes: ['Ingress', 'Egress'],
    ingress: [
      ...(callers.length > 0 ? [{ from: callers, ports: [tcp(ports.workload)] }] : []),
      ...(part.public ? [{ ports: [tcp(ports.workload), tcp(ports.redirect)] }] : []),
    ],
    egress: [
      ...(part.callees.length > 0 ? [{ to: part.callees.map(pods), ports: [tcp(ports.workload)] }] : []),
      { to: [pods('control')], ports: [tcp(ports.control)] },
    ],
  })
}
