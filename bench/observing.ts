import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { cpus, release } from 'node:os'
import { parseArgs } from 'node:util'
import { mintCertificates } from './certificates.ts'
import { countingCost } from './counting.ts'
import { canPin, peakOf, startNode, stop } from './processes.ts'
import { freePort, measure, type UnderTest } from './rounds.ts'
import { tableOf } from './table.ts'
import { type HopTask, nameOf, type Observing, pairings } from './transports.ts'

// What it costs a hop to be observed: the same edge, with more and more of it switched on, in paired rounds.
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '7' },
    seconds: { type: 'string', default: '1' },
    connections: { type: 'string', default: '32' },
    only: { type: 'string', default: 'plain→plain,tls→mtls' },
  },
})
const rounds = Number(values.rounds)
const seconds = Number(values.seconds)
const connections = Number(values.connections)

/** A collector that takes everything and keeps nothing, in this process, which no hop is pinned to. */
const collector = createServer((request, response) => {
  request.resume().on('end', () => response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end())
}).listen(0, '127.0.0.1')
await once(collector, 'listening')
const tracesTo = `http://127.0.0.1:${(collector.address() as AddressInfo).port}/v1/traces`

/** Every one has its records: they are what the lab shows. */
const variants: Record<string, Observing> = {
  'records only': { log: false, metrics: false },
  'a log line': { log: true, metrics: false },
  'log, metrics': { log: true, metrics: true },
  'log, metrics, scraped each second': { log: true, metrics: true, scrapeEveryMs: 1_000 },
  'log, metrics, spans exported': { log: true, metrics: true, tracesTo },
}
const reference = 'a log line'

const at = (file: string) => new URL(file, import.meta.url)
const certificates = await mintCertificates()
const children: ChildProcess[] = []
try {
  const [backend, ports] = await startNode(0, at('./backend.ts'), certificates.dir)
  const [load] = await startNode(0, at('./load.ts'), certificates.dir)
  children.push(backend, load)
  console.log(
    `${cpus()[0]?.model.trim()}, ${cpus().length} cores, Linux ${release()}, Node ${process.version}; ${connections} kept-alive connections, ` +
      `1 KB answers, ${rounds} interleaved rounds of ${seconds} s, ${canPin ? 'hop pinned to its own core' : 'not pinned'}`,
  )
  const { request, withCall, scrape } = countingCost()
  console.log(
    `counting alone: ${request.toFixed(2)} µs a request, ${withCall.toFixed(2)} with a call onwards; ${scrape.toFixed(0)} µs a scrape`,
  )
  for (const pairing of pairings.filter(one => values.only.split(',').includes(nameOf(one)))) {
    const hops: UnderTest[] = []
    for (const [name, observing] of Object.entries(variants)) {
      const port = await freePort()
      const backendPort = (ports as Record<string, number>)[pairing.back]!
      const task: HopTask = { ...pairing, port, backend: backendPort, certificates: certificates.dir, observing }
      const [child] = await startNode(1, at('./hop-under-test.ts'), JSON.stringify(task))
      children.push(child)
      hops.push({ name, port, child, samples: [] })
    }
    await measure(hops, load, { tls: pairing.front === 'tls', rounds, seconds, connections })
    const peaks = new Map(hops.map(({ name, child }) => [name, peakOf(child.pid!)]))
    console.log(tableOf(nameOf(pairing), hops, reference, peaks))
    for (const { child } of hops) await stop(child)
  }
} finally {
  for (const child of children) await stop(child)
  collector.close()
  collector.closeAllConnections()
  await certificates.remove()
}
