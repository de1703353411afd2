import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { callsOf } from '../../../services/topology/calls.ts'
import { parseTopology, readTopology } from '../../../services/topology/file.ts'
import { shop, thrownBy } from './shop.ts'

const directory = mkdtempSync(join(tmpdir(), 'hop-topology-'))
afterAll(() => rmSync(directory, { recursive: true }))

describe('the topologies of the repository', () => {
  it('shop: derives what its links cross and carry', () => {
    const { name, links, workloads } = readTopology('topologies/shop.yaml')
    expect(name).toBe('shop')
    const { name: called, zone, ...shipping } = workloads.shipping!
    expect([called, zone]).toEqual(['shipping', 'internal'])
    expect(shipping).toEqual({ program: 'shipping', legacy: true, sidecar: true })
    expect(workloads.orders).toMatchObject({ legacy: false, sidecar: false })
    expect(links.map(link => [link.id, link.crossesZone, link.intoSensitive, link.carriesSecrets])).toEqual([
      ['edge:gateway', true, false, true],
      ['gateway:orders', false, false, true],
      ['orders:payments', true, true, true],
      ['orders:inventory', false, false, false],
      ['orders:shipping', false, false, false],
      ['edge:orders', true, false, false],
    ])
  })

  it('shop-sidecars: the shop, but for a sidecar in front of every service', () => {
    const { workloads: behind, zones, data, ingress, links, probe } = readTopology('topologies/shop-sidecars.yaml')
    const { workloads, ...shop } = readTopology('topologies/shop.yaml')
    expect(shop).toMatchObject({ zones, data, ingress, links, probe })
    expect(links).toHaveLength(shop.links.length)
    const services = ['orders', 'payments', 'inventory', 'shipping']
    expect(behind).toEqual(
      Object.fromEntries(
        Object.entries(workloads).map(([key, spec]) => [key, { ...spec, sidecar: services.includes(key) }]),
      ),
    )
  })

  it('clinic: nine workloads or more, three zones, one of them sensitive, one legacy workload, programs left out', () => {
    const { workloads, zones, links } = readTopology('topologies/clinic.yaml')
    const specs = Object.values(workloads)
    expect(specs.length).toBeGreaterThanOrEqual(9)
    expect(Object.values(zones).filter(({ sensitive }) => sensitive)).toHaveLength(1)
    expect(Object.keys(zones)).toHaveLength(3)
    expect(specs.filter(({ legacy }) => legacy).map(({ name }) => name)).toEqual(['reminders'])
    expect(specs.filter(({ program }) => program === 'generic')).toHaveLength(specs.length - 2)
    expect(links.find(({ id }) => id === 'portal:records')).toMatchObject({ intoSensitive: true, carriesSecrets: true })
    expect(links.find(({ id }) => id === 'records:imaging')).toMatchObject({ crossesZone: false, intoSensitive: false })
    expect(links.find(({ id }) => id === 'prescriptions:pharmacy')).toMatchObject({
      crossesZone: true,
      intoSensitive: false,
    })
  })

  it('the calls of a workload are its links, each with a request that can carry data, patterns made concrete', () => {
    const topology = readTopology('topologies/clinic.yaml')
    expect(callsOf(topology, 'portal').map(({ callee, method, path }) => [callee, method, path])).toEqual([
      ['scheduling', 'POST', '/bookings'],
      ['records', 'PUT', '/records/1'],
    ])
    expect(callsOf(topology, 'billing')).toEqual([])
  })
})

describe('a file', () => {
  it('without a probe gets one from the first request with a body and the ingress data, but no token', () => {
    const { probe } = parseTopology(shop.slice(0, shop.indexOf('# The request that shows')))
    expect(probe.method).toBe('POST')
    expect(probe.path).toBe('/orders')
    expect(Object.keys(probe.body)).toEqual(['card', 'address', 'stock', 'amount'])
  })

  it('that does not exist, is a directory or a pipe is named and refused', () => {
    const pipe = join(directory, 'pipe')
    execFileSync('mkfifo', [pipe])
    for (const path of [join(directory, 'none.yaml'), directory, pipe]) {
      expect(thrownBy(() => readTopology(path))).toMatchObject({ code: 'topology-unreadable', field: path })
    }
  })

  it('larger than 256 KB is refused unread', () => {
    const path = join(directory, 'large.yaml')
    writeFileSync(path, `# ${'x'.repeat(256 * 1024)}\n${shop}`)
    const error = thrownBy(() => readTopology(path))
    expect(error).toMatchObject({ code: 'bad-topology', field: path, expected: 'at most 262144 bytes' })
  })
})
