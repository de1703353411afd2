import type { Mode } from '../../services/modes.ts'
import { secretFiles, secretPaths } from '../image.ts'
import type { Part } from '../parts.ts'
import { settings } from './control.ts'
import { labelsOf } from './labels.ts'
import type { Setting } from './manifest.ts'
import { bootstrapSecret, operatorSecret } from './secrets.ts'

const kind = { apiVersion: 'kustomize.config.k8s.io/v1beta1', kind: 'Kustomization' }

const modeLiteral = (mode: Mode): string => `HOP_MODE=${mode}`

/**
 * The base. Secrets come from files beside it, so that no manifest ever holds one, and with the topology in names that
 * change with their content, so that pods are replaced when it does.
 */
export const baseKustomization = (
  setting: Setting,
  { parts, mode, resources, secretsIn }: { parts: readonly Part[]; mode: Mode; resources: string[]; secretsIn: string },
): object => ({
  ...kind,
  namespace: setting.namespace,
  resources,
  configMapGenerator: [
    { name: 'topology', files: ['topology.yaml'] },
    { name: settings, literals: [modeLiteral(mode)] },
  ],
  secretGenerator: [
    ...parts.map(({ name }) => generated(bootstrapSecret(name), secretFiles.bootstrap, secretPaths.bootstrap(name))),
    generated(operatorSecret, secretFiles.operator, secretPaths.operator),
  ].map(({ name, key, path }) => ({ name, files: [`${key}=${secretsIn}/${path}`] })),
  generatorOptions: { labels: labelsOf(setting, setting.lab, 'settings') },
})

const generated = (name: string, key: string, path: string) => ({ name, key, path })

/** The base in a mode: what a new state begins in. A lab that runs is switched by `hop mode`. */
export const overlayKustomization = (mode: Mode): object => ({
  ...kind,
  resources: ['../../base'],
  configMapGenerator: [{ name: settings, behavior: 'merge', literals: [modeLiteral(mode)] }],
})
