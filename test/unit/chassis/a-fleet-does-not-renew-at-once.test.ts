import { expect, test } from 'vitest'
import { startAgent } from '../../../services/chassis/agent.ts'
import type { ControlClient } from '../../../services/chassis/control-client.ts'
import type { CredentialStore } from '../../../services/chassis/credentials.ts'
import { noTelemetry } from '../../../services/chassis/telemetry.ts'
import type { Workload } from '../../../services/chassis/workload.ts'

const lifetimeMs = 1_500

/** Members of a fleet that began together and differ in their luck only: who did what, in the order of doing it. */
const startFleet = (
  lucks: readonly number[],
  did: (what: string, luck: number) => void,
  stream: ControlClient['stream'],
) => {
  const notAfter = new Date(Date.now() + lifetimeMs).toISOString()
  return lucks.map(luck => {
    let end = notAfter
    const control = {
      async renew() {
        did('renew', luck)
        end = new Date(Date.now() + 3_600_000).toISOString()
      },
      stream(hello, signal) {
        did('stream', luck)
        return stream(hello, signal)
      },
      close: async () => {},
    } as Partial<ControlClient> as ControlClient
    const credentials = {
      trust: () => ({ bundle: [], crl: [] }),
      id: () => 'w',
      grantOf: () => undefined,
      held: () => [{ kind: 'workload', name: 'w', key: '', serial: '', notAfter: end, notBefore: '', issuer: '' }],
    } as Partial<CredentialStore> as CredentialStore
    return startAgent({
      workload: { refresh: async () => {} } as Partial<Workload> as Workload,
      listening: { host: '127.0.0.1', port: 1 },
      telemetry: noTelemetry(),
      random: () => luck,
      control,
      credentials,
    })
  })
}

const lucks = [0.99, 0, 0.5]

const order = async (what: string, count: number, stream: ControlClient['stream']): Promise<number[]> => {
  const seen: number[] = []
  const all = Promise.withResolvers<void>()
  const agents = startFleet(
    lucks,
    (done, luck) => {
      if (done === what && seen.push(luck) === count) all.resolve()
    },
    stream,
  )
  await all.promise
  await Promise.all(agents.map(agent => agent.close()))
  return seen
}

test('certificates issued together are renewed one after another, as chance has it', async () => {
  const silent: ControlClient['stream'] = async function* (_hello, signal) {
    await new Promise(resolve => signal.addEventListener('abort', resolve))
  }
  expect(await order('renew', 3, silent)).toEqual([0, 0.5, 0.99])
})

test('a control plane that comes back meets its workloads one after another', async () => {
  // the first stream of each breaks as when the control plane goes; what counts is who asks again first
  const broken: ControlClient['stream'] = () => {
    throw new Error('gone')
  }
  expect((await order('stream', 6, broken)).slice(0, 5)).toEqual([...lucks, 0, 0.5])
})
