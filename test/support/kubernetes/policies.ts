import type { Manifest } from './built.ts'

type Labels = Record<string, string>
type Peer = { podSelector?: { matchLabels?: Labels }; namespaceSelector?: { matchLabels?: Labels } }
type Rule = { from?: Peer[]; to?: Peer[]; ports?: { port: number; protocol: string }[] }

/** A pod as policies see it, or somebody outside the cluster, who has no labels that could be chosen. */
export type Pod = { name: string; labels: Labels | undefined; namespace: Labels }

/** The pods of a namespace, by the workload or control plane they are. */
export const podsOf = (manifests: readonly Manifest[]): Pod[] => {
  const { metadata } = manifests.find(({ kind }) => kind === 'Namespace')!
  const namespace = { 'kubernetes.io/metadata.name': metadata.name, ...metadata.labels }
  return manifests
    .filter(({ spec }) => spec?.template)
    .map(({ metadata, spec }) => ({ name: metadata.name, labels: spec.template.metadata.labels, namespace }))
}

export const outside: Pod = { name: 'client', labels: undefined, namespace: {} }

/** Where the cluster's own name service runs. */
export const dns: Pod = {
  name: 'dns',
  labels: { 'k8s-app': 'kube-dns' },
  namespace: { 'kubernetes.io/metadata.name': 'kube-system' },
}

/** Names of the policies that let one end of a connection have it; undefined when no policy is about that pod at all. */
export const letBy = (
  manifests: readonly Manifest[],
  end: 'ingress' | 'egress',
  { own, peer, port, protocol = 'TCP' }: { own: Pod; peer: Pod; port: number; protocol?: string },
): string[] | undefined => {
  const type = end === 'ingress' ? 'Ingress' : 'Egress'
  const about = manifests.filter(
    ({ kind, spec }) =>
      kind === 'NetworkPolicy' && spec.policyTypes.includes(type) && chosen(spec.podSelector.matchLabels, own.labels),
  )
  if (about.length === 0) return undefined
  const lets = (rule: Rule): boolean => {
    const peers = end === 'ingress' ? rule.from : rule.to
    const reaches = peers === undefined || peers.some(each => isPeer(each, own, peer))
    return (
      reaches && (rule.ports === undefined || rule.ports.some(each => each.port === port && each.protocol === protocol))
    )
  }
  return about.filter(({ spec }) => ((spec[end] ?? []) as Rule[]).some(lets)).map(({ metadata }) => metadata.name)
}

/** Without a namespace selector a peer is of the policy's own namespace. */
const isPeer = ({ podSelector, namespaceSelector }: Peer, own: Pod, peer: Pod): boolean =>
  peer.labels !== undefined &&
  (namespaceSelector === undefined
    ? peer.namespace['kubernetes.io/metadata.name'] === own.namespace['kubernetes.io/metadata.name']
    : chosen(namespaceSelector.matchLabels, peer.namespace)) &&
  chosen(podSelector?.matchLabels, peer.labels)

const chosen = (wanted: Labels = {}, labels: Labels | undefined): boolean =>
  labels !== undefined && Object.entries(wanted).every(([key, value]) => labels[key] === value)
