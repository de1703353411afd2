import { dirname } from 'node:path/posix'
import { image, secretFiles, secretPaths } from '../image.ts'
import type { Part } from '../parts.ts'
import { control, controlProcess } from '../processes.ts'
import { labelsOf, selectorOf } from './labels.ts'
import type { Manifest, Setting } from './manifest.ts'
import { type Mount, podSpec } from './pod.ts'
import { controlPolicy } from './policies.ts'
import { bootstrapSecret, operatorSecret } from './secrets.ts'

/** The ConfigMap that an overlay replaces a word in. */
export const settings = 'control-settings'

/** The control plane: the only one with a disk, the only one that sees every workload's secret. */
export const controlManifests = (setting: Setting, parts: readonly Part[]): Manifest[] => {
  const metadata = { name: control, labels: labelsOf(setting, control, 'control') }
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata, automountServiceAccountToken: false },
    {
      ...{ apiVersion: 'v1', kind: 'Service', metadata },
      spec: {
        type: 'ClusterIP',
        selector: selectorOf(setting, control),
        ports: [{ name: 'workloads', port: image.ports.control, targetPort: 'workloads', protocol: 'TCP' }],
      },
    },
    {
      ...{ apiVersion: 'apps/v1', kind: 'StatefulSet', metadata },
      spec: {
        replicas: 1,
        serviceName: control,
        selector: { matchLabels: selectorOf(setting, control) },
        template: { metadata: { labels: metadata.labels }, spec: controlPod(setting, parts) },
        volumeClaimTemplates: [
          {
            metadata: { name: data.name },
            spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '256Mi' } } },
          },
        ],
      },
    },
    controlPolicy(setting),
  ]
}

/** The claim's volume, which the StatefulSet itself adds to the pod. */
const data: Mount = { name: 'data', at: image.paths.data, writable: true, source: {} }

const operator: Mount = {
  name: 'operator',
  at: dirname(image.paths.operatorToken),
  source: { secret: { secretName: operatorSecret, defaultMode: 0o440 } },
}

const bootstrapOf = (parts: readonly Part[]): Mount => ({
  name: 'bootstrap',
  at: image.paths.bootstrap,
  source: {
    projected: {
      defaultMode: 0o440,
      sources: parts.map(({ name }) => ({
        secret: {
          name: bootstrapSecret(name),
          items: [{ key: secretFiles.bootstrap, path: secretPaths.bootstrap(name) }],
        },
      })),
    },
  },
})

/** The operator API listens on the pod's loopback, where `kubectl port-forward` comes out and no other pod gets to. */
const controlPod = (setting: Setting, parts: readonly Part[]) =>
  podSpec(
    [
      {
        process: controlProcess('127.0.0.1'),
        mounts: [bootstrapOf(parts), operator, data],
        more: { envFrom: [{ configMapRef: { name: settings } }] },
      },
    ],
    { account: control, reference: setting.image },
  )
