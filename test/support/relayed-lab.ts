import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import type { LabAccess } from '../../lab/embedded.ts'
import type { Address } from '../../services/chassis/transport.ts'
import { createOperatorServer } from '../../services/control/api/operator-server.ts'
import { createControl } from '../../services/control/control.ts'
import { clientLink, linkIds } from '../../services/hops.ts'
import { type Member, startMember } from '../../services/member.ts'
import type { Mode } from '../../services/modes.ts'
import { readTopology } from '../../services/topology/file.ts'
import { registerWireApi } from '../../services/wire/api.ts'
import { createWire } from '../../services/wire/wire.ts'
import { topologyFile } from './lab.ts'

const relay = '127.0.0.1'

/**
 * The shop as it is between machines, where a tap hides who calls: each tap tells its callee who connected, and each workload
 * believes its relay alone. Here that is 127.0.0.1; whoever else calls does so from another loopback address.
 */
export const startRelayedLab = async (mode: Mode): Promise<{ access: LabAccess; close(): Promise<void> }> => {
  const home = mkdtempSync(join(tmpdir(), 'hop-relayed-'))
  const topology = readTopology(topologyFile('shop'))
  const log = pino({ level: 'silent' })
  const clock = Date.now
  const control = createControl({ stateDir: join(home, 'state'), topology, initialMode: mode, clock, log })
  const closing: (() => unknown)[] = [() => rmSync(home, { recursive: true, force: true }), () => control.close()]
  const close = async () => {
    for (const end of closing.splice(0).reverse()) await end()
  }
  await control.start()
  const { operations, operatorToken: token } = control
  const isRelay = (address: string) => address === relay
  const members = new Map<string, Member>()
  for (const name of Object.keys(topology.workloads)) {
    const logTo = { write: () => {} }
    const member = await startMember({ topology, name, bundle: control.bootstrap, clock, isRelay, logTo })
    members.set(name, member)
    closing.push(() => member.close())
  }
  const wire = createWire()
  closing.push(() => wire.close())
  const routes: Record<string, Address> = {}
  for (const link of linkIds(topology)) {
    const callee = members.get(link.split(':')[1]!)!
    routes[link] = (await wire.add({ link, target: () => callee.address, tellsCaller: true })).address
  }
  await operations.setRoutes(routes)
  const plugins = [async (app: object) => registerWireApi(app as Parameters<typeof registerWireApi>[0], wire)]
  const server = await createOperatorServer({ token, log, clock, plugins })
  closing.push(() => server.close())
  const wireUrl = await server.listen({ host: '127.0.0.1', port: 0 })
  for (const member of members.values())
    await member.join(control.workloadAddress(), operations.joinToken(member.name, 'the lab starts'))
  await operations.settled(AbortSignal.timeout(15_000))
  const { host, port } = control.operatorAddress()
  const edge = routes[clientLink(topology).id]!
  const access = { operator: `http://${host}:${port}`, wire: wireUrl, token, control: control.workloadAddress() }
  return { access: { ...access, edge, redirect: edge }, close }
}
