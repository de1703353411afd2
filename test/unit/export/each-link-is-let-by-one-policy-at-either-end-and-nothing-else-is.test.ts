import { describe, expect, it } from 'vitest'
import { linkIds } from '../../../services/hops.ts'
import { built, treeOf } from '../../support/kubernetes/built.ts'
import { dns, letBy, outside, type Pod, podsOf } from '../../support/kubernetes/policies.ts'
import { bundled, topologyOf } from '../../support/topologies.ts'

const ports = { hop: 8443, http: 8080, control: 7000, dns: 53 }

describe.each(bundled)('%s', name => {
  const manifests = built(treeOf(name), 'base')
  const pods = podsOf(manifests)
  const { topology } = topologyOf(name)
  const workloads = Object.keys(topology.workloads)
  const links = linkIds(topology)

  /** Every connection that both its ends let, as `caller:callee`; who is outside needs only the callee's leave. */
  const openOn = (port: number): string[] =>
    [...pods, outside].flatMap(caller =>
      pods
        .filter(callee => callee !== caller)
        .filter(callee => {
          const goes = caller === outside || letBy(manifests, 'egress', { own: caller, peer: callee, port })!.length > 0
          return goes && letBy(manifests, 'ingress', { own: callee, peer: caller, port })!.length > 0
        })
        .map(callee => `${caller.name}:${callee.name}`),
    )

  it('has a pod for each workload and for the control plane', () => {
    expect(pods.map(pod => pod.name).sort()).toEqual([...workloads, 'control'].sort())
  })

  it('opens exactly the links of the topology, in whatever mode it is', () => {
    expect(openOn(ports.hop).sort()).toEqual([...links].sort())
  })

  it('opens the plain door to the public alone, and the control plane to every workload alone', () => {
    expect(openOn(ports.http)).toEqual([`client:${topology.ingress.edge}`])
    expect(openOn(ports.control).sort()).toEqual(workloads.map(each => `${each}:control`).sort())
  })

  it('opens nothing else: no other port, of anybody', () => {
    for (const port of [22, 80, 443, 7080, 7100, 9000, 9090, 10_250]) expect(openOn(port)).toEqual([])
  })

  it.each(links)('lets %s by one policy at either end', link => {
    const named = (id: string): Pod => [...pods, outside].find(pod => pod.name === id)!
    const [caller, callee] = link.split(':').map(id => named(id!)) as [Pod, Pod]
    expect(letBy(manifests, 'ingress', { own: callee, peer: caller, port: ports.hop })).toEqual([callee.name])
    if (caller !== outside)
      expect(letBy(manifests, 'egress', { own: caller, peer: callee, port: ports.hop })).toEqual([caller.name])
  })

  it('lets workloads ask for names, and nobody out of the cluster', () => {
    for (const own of pods) {
      const asks = letBy(manifests, 'egress', { own, peer: dns, port: ports.dns, protocol: 'UDP' })
      expect(asks, own.name).toEqual(own.name === 'control' ? [] : ['hop.dns'])
      for (const port of Object.values(ports))
        expect(letBy(manifests, 'egress', { own, peer: outside, port })).toEqual([])
    }
  })

  it('denies everything to a pod that is none of the topology’s', () => {
    const newcomer: Pod = { ...pods[0]!, name: 'newcomer', labels: { 'app.kubernetes.io/name': 'newcomer' } }
    for (const port of Object.values(ports))
      for (const peer of [...pods, dns]) {
        expect(letBy(manifests, 'ingress', { own: newcomer, peer, port })).toEqual([])
        expect(letBy(manifests, 'egress', { own: newcomer, peer, port })).toEqual([])
      }
    for (const callee of pods) {
      const entry = letBy(manifests, 'ingress', { own: callee, peer: newcomer, port: ports.hop })
      expect(entry).toEqual(callee.name === topology.ingress.edge ? [callee.name] : [])
    }
  })

  it('has the operator’s API on the loopback of its pod, where no policy is needed', () => {
    const { containers } = manifests.find(({ kind }) => kind === 'StatefulSet')!.spec.template.spec
    expect(containers[0].env).toContainEqual({ name: 'HOP_OPERATOR_LISTEN', value: '127.0.0.1:7080' })
  })

  it('lets a pod of the same labels in another namespace in nowhere', () => {
    const stranger = { ...pods.find(pod => pod.name === topology.links[0]!.caller)!, namespace: {} }
    const callee = pods.find(pod => pod.name === topology.links[0]!.callee)!
    expect(letBy(manifests, 'ingress', { own: callee, peer: stranger, port: ports.hop })).toEqual([])
  })
})
