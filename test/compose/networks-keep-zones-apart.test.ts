import { beforeAll, describe, expect, test } from 'vitest'
import { beside, containerOf, docker, engineThere, project, reaching, within } from './engine.ts'

type Networks = Record<string, { IPAddress: string }>

describe.skipIf(!engineThere())('networks', () => {
  /** Service → network → address. */
  const addresses: Record<string, Record<string, string>> = {}
  beforeAll(async () => {
    for (const service of ['control', 'wire', 'edge', 'gateway', 'orders', 'payments', 'inventory', 'shipping-pod']) {
      const format = '{{json .NetworkSettings.Networks}}'
      const networks: Networks = JSON.parse(await docker(['inspect', '--format', format, await containerOf(service)]))
      addresses[service] = Object.fromEntries(
        Object.entries(networks).map(([name, { IPAddress }]) => [name.replace(`${project}_`, ''), IPAddress]),
      )
    }
  })

  test('have the members that the topology gives their zones', () => {
    const members = Object.fromEntries(
      Object.entries(addresses).map(([name, networks]) => [name, Object.keys(networks).sort()]),
    )
    expect(members).toEqual({
      control: ['internal', 'operator', 'public', 'sensitive'],
      wire: ['internal', 'operator', 'public', 'sensitive'],
      edge: ['internal', 'public'],
      gateway: ['internal'],
      orders: ['internal', 'sensitive'],
      payments: ['sensitive'],
      inventory: ['internal'],
      'shipping-pod': ['internal'],
    })
  })

  const at = (service: string, network: string, port: number) => `${addresses[service]![network]}:${port}`
  /** Somewhere else altogether: an address of documentation (RFC 5737) would be routed out like any other. */
  const outside = '192.0.2.1:443'

  test('let a stranger on the internal one reach what is there, and nothing else', async () => {
    const within = ['gateway', 'orders', 'inventory', 'shipping-pod'].map(name => at(name, 'internal', 8443))
    const names = ['payments:8443', 'operator:7080', 'wire-sensitive:8446', 'wire-operator:7100']
    const beyond = [
      at('payments', 'sensitive', 8443),
      at('orders', 'sensitive', 8443),
      at('control', 'operator', 7080),
      at('wire', 'operator', 7100),
      at('wire', 'sensitive', 8446),
      outside,
    ]
    const closed = [at('control', 'internal', 7080), at('wire', 'internal', 7100), at('wire', 'internal', 8446)]
    const seen = (await beside(`${project}_internal`, reaching([...within, ...names, ...beyond, ...closed]))) as object
    expect(seen).toEqual({
      ...Object.fromEntries(within.map(place => [place, 'open'])),
      // asking about a name that is not there takes as long as the engine's resolver takes
      ...Object.fromEntries(names.map(place => [place, expect.stringMatching(/^(ENOTFOUND|EAI_AGAIN|silent)$/)])),
      ...Object.fromEntries(beyond.map(place => [place, expect.stringMatching(/^(ENETUNREACH|EHOSTUNREACH|silent)$/)])),
      // the operator's servers and the taps of other zones are on other networks' addresses only
      ...Object.fromEntries(closed.map(place => [place, 'ECONNREFUSED'])),
    })
  })

  test.each(['gateway', 'orders', 'payments', 'inventory', 'shipping'])('give %s no way out', async name => {
    expect(await within(name, reaching([outside]))).toEqual({
      [outside]: expect.stringMatching(/^(ENETUNREACH|EHOSTUNREACH|silent)$/),
    })
  })

  test('keep the legacy program on the loopback of its pod', async () => {
    const places = ['9000', '9001', '9002'].map(port => `${addresses['shipping-pod']!.internal}:${port}`)
    expect(await beside(`${project}_internal`, reaching(places))).toEqual(
      Object.fromEntries(places.map(place => [place, 'ECONNREFUSED'])),
    )
    expect(await within('shipping', reaching(['127.0.0.1:9000']))).toEqual({ '127.0.0.1:9000': 'open' })
  })
})
