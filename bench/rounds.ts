import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { LoadResult, LoadTask } from './load.ts'
import { cpuOf } from './processes.ts'
import type { Sample } from './table.ts'

/** One hop process and what was measured of it. */
export type UnderTest = { name: string; port: number; child: ChildProcess; samples: Sample[] }

type Rounds = { tls: boolean; rounds: number; seconds: number; connections: number }

/** Bursts of load on one hop after the other, round by round, so that what disturbs the machine disturbs all. */
export const measure = async (
  hops: readonly UnderTest[],
  load: ChildProcess,
  { tls, rounds, seconds, connections }: Rounds,
): Promise<void> => {
  const burst = async (port: number, forSeconds: number): Promise<LoadResult> => {
    load.send({ port, tls, seconds: forSeconds, connections } satisfies LoadTask)
    return (await once(load, 'message'))[0]
  }
  for (const { port } of hops) await burst(port, 2)
  for (let round = 0; round < rounds; round++)
    for (const { port, child, samples } of hops) {
      const before = cpuOf(child.pid!)
      const { requests, errors, p99 } = await burst(port, seconds)
      samples.push({ rps: requests / seconds, p99, cpu: (cpuOf(child.pid!) - before) / requests, errors })
    }
}

export const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}
