import { expect, test } from 'vitest'
import type { ConnectionRecord, Observations, RequestRecord } from '../../../services/chassis/observation.ts'
import { createMirror } from '../../../services/control/measures/mirror.ts'

const connection = (id: string, more: Partial<ConnectionRecord> = {}) =>
  ({ id, side: 'server', at: '2026-03-01T12:00:00Z', ...more }) as ConnectionRecord
const request = (spanId: string) => ({ spanId }) as RequestRecord

/** A workload that answers with what is set, and keeps what it was asked. */
const createWorkload = () => {
  const asked: number[] = []
  let next: Partial<Observations> | undefined = {}
  const report = async (workload: string, since: number): Promise<Observations> => {
    asked.push(since)
    if (!next) throw new Error('away')
    return { workload, connections: [], requests: [], keyLog: [], held: [], cursor: 0, ...next }
  }
  const tells = (told: Partial<Observations> | undefined) => {
    next = told
  }
  return { asked, report, tells }
}

test('it asks for what is new only, and answers with all', async () => {
  const workload = createWorkload()
  const mirror = createMirror(workload.report)
  workload.tells({ connections: [connection('a')], requests: [request('1')], cursor: 7 })
  await mirror.read('orders')
  workload.tells({ connections: [connection('b')], requests: [request('2')], cursor: 9 })
  const seen = await mirror.read('orders')
  expect(workload.asked).toEqual([0, 7])
  expect(seen?.connections.map(({ id }) => id)).toEqual(['a', 'b'])
  expect(seen?.requests.map(({ spanId }) => spanId)).toEqual(['1', '2'])
})

test('a record that is told again counts once, as it is now', async () => {
  const workload = createWorkload()
  const mirror = createMirror(workload.report)
  workload.tells({ connections: [connection('a'), connection('b')], cursor: 2 })
  await mirror.read('orders')
  workload.tells({ connections: [connection('a', { bytesIn: 12 })], cursor: 3 })
  expect((await mirror.read('orders'))?.connections).toEqual([connection('b'), connection('a', { bytesIn: 12 })])
})

test('who restarted counts from one again, and what it saw before is forgotten', async () => {
  const workload = createWorkload()
  const mirror = createMirror(workload.report)
  workload.tells({ connections: [connection('old')], cursor: 100 })
  await mirror.read('orders')
  workload.tells({ connections: [connection('new')], cursor: 2 })
  expect((await mirror.read('orders'))?.connections.map(({ id }) => id)).toEqual(['new'])
  expect(workload.asked).toEqual([0, 100, 0])
})

test('no more is kept than the workload itself remembers', async () => {
  const workload = createWorkload()
  const mirror = createMirror(workload.report)
  for (const round of [0, 1, 2]) {
    const ids = Array.from({ length: 1500 }, (_, i) => `${round}-${i}`)
    const connections = ids.map(id => connection(id))
    workload.tells({ connections, requests: ids.map(request), cursor: (round + 1) * 3000 })
    await mirror.read('orders')
  }
  workload.tells({ cursor: 9000 })
  const seen = await mirror.read('orders')
  expect([seen?.connections.length, seen?.requests.length]).toEqual([2000, 2000])
  expect(seen?.connections.at(-1)?.id).toBe('2-1499')
})

test('of who does not answer there is nothing, and afterwards all again', async () => {
  const workload = createWorkload()
  const mirror = createMirror(workload.report)
  workload.tells({ connections: [connection('a')], cursor: 1 })
  await mirror.read('orders')
  workload.tells(undefined)
  expect(await mirror.read('orders')).toBeUndefined()
  workload.tells({ cursor: 1 })
  expect((await mirror.read('orders'))?.connections).toHaveLength(1)
})
