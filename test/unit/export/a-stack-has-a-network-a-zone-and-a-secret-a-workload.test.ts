import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { swarmTree } from '../../../export/swarm/files.ts'
import { hopsOf } from '../../../services/hops.ts'
import { modes } from '../../../services/modes.ts'
import { bundled, topologyOf } from '../../support/topologies.ts'

// biome-ignore lint/suspicious/noExplicitAny: docker reads it, a test deploys it
type Stack = Record<'services' | 'networks' | 'secrets' | 'configs', Record<string, any>>

const treeOf = (name: string, rename = (text: string) => text) => {
  const { topology, text } = topologyOf(name)
  const renamed = JSON.parse(rename(JSON.stringify(topology)))
  return swarmTree({ topology: renamed, topologyText: text, mode: 'mtls', image: 'hop-by-hop:test', space: 'hop-test' })
}

describe.each(bundled)('%s', name => {
  const tree = treeOf(name)
  const { services, networks, secrets, configs } = parse(tree['docker-stack.yml']!) as Stack
  const { topology } = topologyOf(name)
  const workloads = Object.keys(topology.workloads)
  const zoneOf = (workload: string) => topology.workloads[workload]!.zone
  const edge = topology.ingress.edge

  it('has a service for each workload and for what they need', () => {
    expect(Object.keys(services).sort()).toEqual([...workloads, 'control', 'wire', 'scenarios'].sort())
  })

  it('has a network a zone, closed but where the edge is, and one of the operator’s', () => {
    expect(Object.keys(networks).sort()).toEqual([...Object.keys(topology.zones), 'operator_only'].sort())
    const open = Object.keys(networks).filter(each => !networks[each].internal)
    expect(open).toEqual([zoneOf(edge)])
  })

  it('gives callers a network in common with whom they call in any mode, and nobody a place elsewhere', () => {
    const needed = Object.fromEntries(workloads.map(each => [each, new Set([zoneOf(each)])]))
    for (const mode of modes)
      for (const { link } of hopsOf(topology, mode)) needed[link.caller]?.add(zoneOf(link.callee))
    for (const each of workloads) {
      const places = Object.keys(services[each].networks)
      expect(places.sort(), each).toEqual([...needed[each]!].sort())
      const relays = services[each].environment.HOP_RELAY.split(',')
      expect(relays.sort()).toEqual([...needed[each]!].map(zone => `wire-${zone}`).sort())
    }
  })

  it('gives a secret to its workload and the control plane alone', () => {
    const readers = (secret: string) =>
      Object.keys(services).filter(each =>
        services[each].secrets.some(({ source }: { source: string }) => source === secret),
      )
    for (const each of workloads) expect(readers(`${each}.bootstrap`).sort()).toEqual([each, 'control'].sort())
    expect(readers('operator-token').sort()).toEqual(['control', 'scenarios', 'wire'])
    expect(Object.keys(secrets)).toHaveLength(workloads.length + 1)
  })

  it('publishes the edge and nothing else', () => {
    expect(Object.keys(services).filter(each => services[each].ports !== undefined)).toEqual([edge])
  })

  it('updates a workload by its next task first; whoever holds a disk or a port ends before', () => {
    const first = Object.keys(services).filter(each => services[each].deploy.update_config.order === 'start-first')
    expect(first.sort()).toEqual([...workloads.filter(each => each !== edge), 'scenarios'].sort())
  })

  it('names configs by their content, since a swarm never changes one', () => {
    const other = parse(treeOf(bundled.find(each => each !== name)!)['docker-stack.yml']!) as Stack
    expect(configs.topology.name).toMatch(/^hop-test-[0-9a-f]{12}$/)
    expect(other.configs.topology.name).not.toBe(configs.topology.name)
  })
})

it.each(['wire', 'scenarios', 'wire-internal'])('a workload called %s is refused: the stack has that name', taken => {
  expect(() => treeOf('shop', text => text.replaceAll('"inventory"', JSON.stringify(taken)))).toThrow(
    expect.objectContaining({ code: 'export-name', found: JSON.stringify(taken) }),
  )
})
