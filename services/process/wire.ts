import type { AddressInfo } from 'node:net'
import { createLog } from '../chassis/telemetry.ts'
import { createOperatorServer } from '../control/api/operator-server.ts'
import { readTopology } from '../topology/file.ts'
import { registerWireApi } from '../wire/api.ts'
import { calleePlaces, hostFor, tapPlaces } from '../wire/places.ts'
import { createWire } from '../wire/wire.ts'
import { keepHealthFile } from './health.ts'
import { awaitToken } from './operator-token.ts'
import { required, type Settings } from './settings.ts'

const everywhere = '0.0.0.0'

/** The wire as a process: a tap on every link, and their API. Says where that is in one line of JSON. */
export const runWire = async (settings: Settings): Promise<() => Promise<void>> => {
  const topology = readTopology(settings.topology)
  const first = required(settings.wire, 'wire')
  const reached = tapPlaces(topology, first)
  const taps = tapPlaces(topology, settings.taps ?? { ...first, host: everywhere })
  const callees = calleePlaces(topology, required(settings.targets, 'targets'))
  const token = await awaitToken(required(settings.operatorTokenFile, 'operator-token-file'))
  const wire = createWire({
    host: everywhere,
    reachedAs: link => reached[link] ?? { host: hostFor(topology, link, first) },
  })
  try {
    for (const [link, listen] of Object.entries(taps))
      await wire.add({ link, listen, target: () => callees[link]!, tellsCaller: true })
    const api = await createOperatorServer({
      token,
      log: createLog('wire', process.stderr),
      clock: Date.now,
      names: settings.operatorNames,
      plugins: [async app => registerWireApi(app as unknown as Parameters<typeof registerWireApi>[0], wire)],
    })
    const { host = '127.0.0.1', port = 0 } = settings.listen
    await api.listen({ host, port })
    const unwell = keepHealthFile(settings.healthFile)
    const listening = { host, port: (api.server.address() as AddressInfo).port }
    process.stdout.write(`${JSON.stringify({ ready: 'wire', listening })}\n`)
    return async () => {
      unwell()
      await api.close()
      await wire.close()
    }
  } catch (error) {
    await wire.close()
    throw error
  }
}
