import { image } from '../image.ts'
import type { Part } from '../parts.ts'
import { selectorOf, workloadLabels } from './labels.ts'
import type { Manifest, Setting } from './manifest.ts'

/**
 * What the public would come in by. Of type ClusterIP, so that applying this shows the lab to nobody outside the
 * cluster; who wants that makes it a LoadBalancer in an overlay of his own, or puts an Ingress in front.
 */
export const publicService = (setting: Setting, parts: readonly Part[]): Manifest => {
  const edge = parts.find(part => part.public)!
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: publicName(parts), labels: workloadLabels(setting, edge) },
    spec: {
      type: 'ClusterIP',
      selector: selectorOf(setting, edge.name),
      ports: [
        { name: 'https', port: image.ports.workload, targetPort: 'hop', protocol: 'TCP' },
        { name: 'http', port: image.ports.redirect, targetPort: 'redirect', protocol: 'TCP' },
      ],
    },
  }
}

/** `edge-public`, or longer where a workload has that name. */
export const publicName = (parts: readonly Part[]): string => {
  let name = parts.find(part => part.public)!.name
  do name += '-public'
  while (parts.some(part => part.name === name))
  return name
}
