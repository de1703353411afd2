import type { ChildProcess } from 'node:child_process'
import { cpus, release } from 'node:os'
import { parseArgs } from 'node:util'
import { mintCertificates } from './certificates.ts'
import { nginxArguments, nginxVersion } from './nginx.ts'
import { canPin, peakOf, startNode, startProgram, stop } from './processes.ts'
import { freePort, measure, type UnderTest } from './rounds.ts'
import { tableOf } from './table.ts'
import { type HopTask, nameOf, pairings } from './transports.ts'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '1.5' },
    connections: { type: 'string', default: '32' },
    only: { type: 'string' },
  },
})
const rounds = Number(values.rounds)
const seconds = Number(values.seconds)
const connections = Number(values.connections)

const loadCore = 0
const hopCore = 1
const at = (file: string) => new URL(file, import.meta.url)

const startHop = async (name: string, task: HopTask): Promise<ChildProcess> => {
  if (name === 'nginx') return startProgram(hopCore, 'nginx', nginxArguments(task), task.port)
  const file = name === 'hop' ? './hop-under-test.ts' : './http-proxy-under-test.ts'
  return (await startNode(hopCore, at(file), JSON.stringify(task)))[0]
}

const nginx = nginxVersion()
const names = [...(nginx ? ['nginx'] : []), 'hop', '@fastify/http-proxy']
if (!nginx) console.error('nginx is not installed: measured without it, ratios are to @fastify/http-proxy')
const reference = names.find(name => name !== 'hop')!

const certificates = await mintCertificates()
const children: ChildProcess[] = []
try {
  const [backend, ports] = await startNode(loadCore, at('./backend.ts'), certificates.dir)
  const [load] = await startNode(loadCore, at('./load.ts'), certificates.dir)
  children.push(backend, load)

  console.log(
    `${cpus()[0]?.model.trim()}, ${cpus().length} cores, Linux ${release()}, Node ${process.version}, ${nginx ?? 'no nginx'}; ` +
      `${connections} kept-alive connections, 1 KB answers, ${rounds} interleaved rounds of ${seconds} s, ${canPin ? 'hop pinned to its own core' : 'not pinned'}`,
  )
  for (const pairing of pairings.filter(pairing => !values.only || values.only.split(',').includes(nameOf(pairing)))) {
    const hops: UnderTest[] = []
    for (const name of names) {
      const port = await freePort()
      const task = {
        ...pairing,
        port,
        backend: (ports as Record<string, number>)[pairing.back]!,
        certificates: certificates.dir,
      }
      const child = await startHop(name, task)
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
  await certificates.remove()
}
