import { describe, expect, it } from 'vitest'
import { built, type Manifest, treeOf } from '../../support/kubernetes/built.ts'
import { bundled, topologyOf } from '../../support/topologies.ts'

/** The volume types that the restricted Pod Security Standard knows. */
const allowedVolumes = ['configMap', 'emptyDir', 'projected', 'secret', 'persistentVolumeClaim']

describe.each(bundled)('%s', name => {
  const manifests = built(treeOf(name), 'base')
  const pods = manifests.filter(({ spec }) => spec?.template)
  const each = (look: (pod: Manifest, manifest: Manifest) => void) => {
    expect(pods.length).toBeGreaterThan(2)
    for (const manifest of pods) look(manifest.spec.template.spec, manifest)
  }
  const containers = (look: (container: Manifest, pod: Manifest) => void) =>
    each(pod => {
      for (const container of pod.containers) look(container, pod)
    })

  it('the namespace lets in nobody who does not', () => {
    const { labels } = manifests.find(({ kind }) => kind === 'Namespace')!.metadata
    expect(labels).toMatchObject({ 'pod-security.kubernetes.io/enforce': 'restricted' })
  })

  it('runs as somebody who is not root, without the host, by the runtime’s seccomp profile', () => {
    each(pod => {
      expect(pod.securityContext).toMatchObject({
        runAsNonRoot: true,
        runAsUser: 1000,
        seccompProfile: { type: 'RuntimeDefault' },
      })
      expect(Object.keys(pod).filter(key => /^host/.test(key))).toEqual([])
      for (const { name: _, ...source } of pod.volumes) expect(allowedVolumes).toContain(Object.keys(source)[0])
    })
  })

  it('has no capability, no way to more rights, no root file system to write to', () => {
    containers(({ securityContext }) =>
      expect(securityContext).toEqual({
        allowPrivilegeEscalation: false,
        privileged: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      }),
    )
  })

  it('writes to memory of its own, and only the control plane to a disk', () => {
    containers((container, pod) => {
      const writable = container.volumeMounts.filter((mount: Manifest) => mount.readOnly !== true)
      const control = container.args[0] === 'control'
      expect(writable.map((mount: Manifest) => mount.mountPath).sort()).toEqual(
        control ? ['/tmp', '/var/lib/hop'] : ['/tmp'],
      )
      expect(pod.volumes.find((volume: Manifest) => volume.name === `tmp-${container.name}`).emptyDir.medium).toBe(
        'Memory',
      )
    })
  })

  it('holds no credential of the cluster', () => {
    each((pod, { metadata }) => {
      expect(pod).toMatchObject({
        automountServiceAccountToken: false,
        serviceAccountName: metadata.name,
        enableServiceLinks: false,
      })
      const account = manifests.find(
        ({ kind, metadata: its }) => kind === 'ServiceAccount' && its.name === metadata.name,
      )
      expect(account!.automountServiceAccountToken).toBe(false)
    })
  })

  it('is asked how it is by a command, has limits, and time to end', () => {
    each(pod => expect(pod.terminationGracePeriodSeconds).toBeGreaterThan(8))
    containers(({ startupProbe, readinessProbe, livenessProbe, resources }) => {
      for (const probe of [startupProbe, readinessProbe, livenessProbe])
        expect(Object.keys(probe).filter(key => /exec|httpGet|tcpSocket|grpc/.test(key))).toEqual(['exec'])
      expect(Object.keys(resources.limits)).toEqual(['cpu', 'memory'])
      expect(Object.keys(resources.requests)).toEqual(['cpu', 'memory'])
    })
  })

  it('has the recommended labels, and is chosen by two that no other pod has', () => {
    for (const { kind, metadata, spec } of pods) {
      const { labels } = spec.template.metadata
      for (const label of ['name', 'instance', 'version', 'component', 'part-of', 'managed-by'])
        expect(labels[`app.kubernetes.io/${label}`], label).toBeTruthy()
      const chosen = pods.filter(other =>
        Object.entries(spec.selector.matchLabels).every(
          ([key, value]) => other.spec.template.metadata.labels[key] === value,
        ),
      )
      expect(chosen.map(other => other.metadata.name)).toEqual([metadata.name])
      expect(kind).toBe(metadata.name === 'control' ? 'StatefulSet' : 'Deployment')
    }
  })

  it('reaches each service by its own name at the port that it listens on', () => {
    const services = manifests.filter(({ kind }) => kind === 'Service')
    for (const { metadata, spec } of services) {
      const pod = pods.find(other =>
        Object.entries(spec.selector).every(([key, value]) => other.spec.template.metadata.labels[key] === value),
      )!
      const named = pod.spec.template.spec.containers.flatMap((container: Manifest) => container.ports ?? [])
      for (const { port, targetPort } of spec.ports)
        expect(named, metadata.name).toContainEqual({ name: targetPort, containerPort: port, protocol: 'TCP' })
    }
  })

  it('has a sidecar and its application as two containers, of which only the sidecar is reached and has a secret', () => {
    const { workloads } = topologyOf(name).topology
    for (const { metadata, spec } of pods.filter(({ kind }) => kind === 'Deployment')) {
      const [member, ...beside] = spec.template.spec.containers as [Manifest, ...Manifest[]]
      expect([member.name, ...beside.map(each => each.name)]).toEqual(
        workloads[metadata.name]!.sidecar ? ['sidecar', 'application'] : [metadata.name],
      )
      expect(member.env).toContainEqual({ name: 'HOP_BOOTSTRAP_SECRET_FILE', value: '/run/hop/own/bootstrap-secret' })
      for (const application of beside) {
        const value = '127.0.0.1:9000'
        expect(member.env).toContainEqual({ name: 'HOP_APPLICATION', value })
        expect(application.env).toContainEqual({ name: 'HOP_APPLICATION_LISTEN', value })
        expect(application.ports).toBeUndefined()
        expect(application.volumeMounts.map((mount: Manifest) => mount.name)).toEqual(['topology', 'tmp-application'])
      }
    }
  })
})
