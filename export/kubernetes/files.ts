import { stringify } from 'yaml'
import { version } from '../../lab/version.ts'
import { modes } from '../../services/modes.ts'
import { labFile } from '../lab-file.ts'
import { checkNames } from '../names.ts'
import type { ExportOptions } from '../options.ts'
import { partsOf } from '../parts.ts'
import { control } from '../processes.ts'
import type { Tree } from '../tree.ts'
import { controlManifests } from './control.ts'
import { baseKustomization, overlayKustomization } from './kustomization.ts'
import { labelsOf } from './labels.ts'
import type { Manifest, Setting } from './manifest.ts'
import { namespaceWide } from './policies.ts'
import { publicService } from './public.ts'
import { workloadManifests } from './workload.ts'

/** Where secrets are, below the base: kustomize reads nothing above itself. */
export const secretsIn = 'secrets'

/** The manifests of a topology and an overlay for each mode, as files. Throws `export-name`. */
export const kubernetesTree = (options: ExportOptions): Tree => {
  const { topology, topologyText, mode } = options
  checkNames(topology)
  const setting: Setting = { lab: topology.name, namespace: options.space, image: options.image, version }
  const parts = partsOf(topology)
  const manifests: Record<string, Manifest[]> = {
    'namespace.yaml': [namespace(setting), ...namespaceWide(setting)],
    [`${control}.yaml`]: controlManifests(setting, parts),
    'public.yaml': [publicService(setting, parts)],
    ...Object.fromEntries(parts.map(part => [`workloads/${part.name}.yaml`, workloadManifests(setting, part)])),
  }
  const base = baseKustomization(setting, { parts, mode, resources: Object.keys(manifests), secretsIn })
  return {
    '.gitignore': `# made for one cluster, and nobody else's business\n${secretsIn}/\n`,
    'lab.json': labFile(`base/${secretsIn}`),
    'base/kustomization.yaml': yaml(base),
    'base/topology.yaml': topologyText,
    ...Object.fromEntries(
      Object.entries(manifests).map(([path, made]) => [`base/${path}`, made.map(yaml).join('---\n')]),
    ),
    ...Object.fromEntries(modes.map(each => [`overlays/${each}/kustomization.yaml`, yaml(overlayKustomization(each))])),
  }
}

/** Pods that would need more than the restricted standard allows are not let in. */
const namespace = (setting: Setting): Manifest => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: {
    name: setting.namespace,
    labels: {
      ...labelsOf(setting, setting.namespace, 'network'),
      'pod-security.kubernetes.io/enforce': 'restricted',
      'pod-security.kubernetes.io/enforce-version': 'latest',
    },
  },
})

const yaml = (value: object): string => stringify(value, { lineWidth: 0, aliasDuplicateObjects: false })
