import { dirname } from 'node:path/posix'
import { image } from '../image.ts'
import type { Part } from '../parts.ts'
import { workloadProcesses } from '../processes.ts'
import { selectorOf, workloadLabels } from './labels.ts'
import type { Manifest, Setting } from './manifest.ts'
import { type Contained, podSpec } from './pod.ts'
import { workloadPolicy } from './policies.ts'
import { bootstrapSecret } from './secrets.ts'

/** Everything that makes one workload: who it is to the cluster, its name, its pod, and whom it may meet. */
export const workloadManifests = (setting: Setting, part: Part): Manifest[] => [
  account(setting, part),
  service(setting, part),
  deployment(setting, part),
  workloadPolicy(setting, part),
]

const account = (setting: Setting, part: Part): Manifest => ({
  apiVersion: 'v1',
  kind: 'ServiceAccount',
  metadata: { name: part.name, labels: workloadLabels(setting, part) },
  automountServiceAccountToken: false,
})

/** Headless: the name leads to the pod itself, so whoever asks by whom he is called finds an address that he sees. */
const service = (setting: Setting, part: Part): Manifest => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: part.name, labels: workloadLabels(setting, part) },
  spec: {
    clusterIP: 'None',
    selector: selectorOf(setting, part.name),
    ports: [{ name: 'hop', port: image.ports.workload, targetPort: 'hop', protocol: 'TCP' }],
  },
})

const deployment = (setting: Setting, part: Part): Manifest => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: part.name, labels: workloadLabels(setting, part) },
  spec: {
    replicas: 1,
    // one workload is one process: a second of the same name would end the first one's stream to the control plane
    strategy: { type: 'Recreate' },
    selector: { matchLabels: selectorOf(setting, part.name) },
    template: {
      metadata: { labels: workloadLabels(setting, part) },
      spec: podSpec(contained(part), { account: part.name, reference: setting.image }),
    },
  },
})

/** The secret is for the process that has the identity, not for an application behind it. */
const contained = (part: Part): Contained[] => {
  const [member, ...beside] = workloadProcesses(part)
  const own = {
    name: 'own',
    at: dirname(image.paths.ownSecret),
    source: { secret: { secretName: bootstrapSecret(part.name), defaultMode: 0o440 } },
  }
  return [{ process: member, mounts: [own] }, ...beside.map(process => ({ process, mounts: [] }))]
}
