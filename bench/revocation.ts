import { mkdtempSync, rmSync } from 'node:fs'
import { cpus, release, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { startEmbedded } from '../lab/embedded.ts'
import { idOf, listeningAt, requestOn } from '../scenarios/flows/hops.ts'
import { placeOrder } from '../scenarios/flows/stand-in.ts'
import { whileCalling } from '../scenarios/flows/while-calling.ts'
import { connectLab, type LabClient } from '../scenarios/lab-client.ts'
import { freshCanary } from '../scenarios/tools/canary.ts'
import { holdConnection } from '../scenarios/tools/held-connection.ts'
import { callAsInsider } from '../scenarios/tools/insider.ts'
import { readTopology } from '../services/topology/file.ts'
import { median } from './table.ts'

/**
 * How long after the operator's word a revoked credential still works: on new connections, in a session it began before,
 * on a connection it keeps; and how many orders of four customers, placed one after the other meanwhile, are lost by it.
 * Times are from before the operator's request is sent until the refusal was seen by the thief, in ms.
 */
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '25' },
    topology: { type: 'string', default: 'topologies/shop.yaml' },
    link: { type: 'string', default: 'orders:payments' },
    revoked: { type: 'string', default: '0' },
  },
})

type Times = { fresh: number; resumed: number; live: number; acknowledged: number }

const round = async (lab: LabClient): Promise<Times> => {
  const { topology } = lab
  const link = topology.links.find(({ id }) => id === values.link)!
  const pair = await lab.credentials.stolenAnew(link.caller)
  const address = await listeningAt(lab, link.callee)
  const tickets: Buffer[] = []
  const held = holdConnection(true)
  const call = (how: object = {}) =>
    callAsInsider({
      ...{ callee: link.callee, address, transport: 'mtls', trustDomain: topology.trustDomain, pair },
      ...{ statedCaller: idOf(topology, link.caller), ...requestOn(link, freshCanary(topology)), ...how },
    })
  const first = await call({ agent: held.agent, onTicket: (ticket: Buffer) => tickets.push(ticket) })
  if (!first.answered || first.status >= 300)
    throw new Error(`the stolen credential did not work: ${JSON.stringify(first)}`)
  const since = performance.now()
  const untilRefused = async (how: () => object) => {
    while ((await call(how())).answered);
    return performance.now() - since
  }
  const word = lab.credentials.revoke(pair).then(() => performance.now() - since)
  const [fresh, resumed, acknowledged] = await Promise.all([
    untilRefused(() => ({})),
    untilRefused(() => (tickets[0] ? { session: tickets[0] } : {})),
    word,
  ])
  await held.ended(5000)
  const live = (held.endedAt() ?? Number.NaN) - since
  held.close()
  return { fresh, resumed, live, acknowledged }
}

/** Serials on the list beforehand, as after a year of revocations. */
const fillList = async (lab: LabClient, count: number): Promise<void> => {
  const [caller] = values.link.split(':')
  for (let left = count; left > 0; left -= batch) {
    const pairs = Array.from({ length: Math.min(batch, left) }, () => lab.credentials.stolenAnew(caller!))
    await lab.credentials.revoke(...(await Promise.all(pairs)))
  }
}
const batch = 50

const rounds = Number(values.rounds)
const home = mkdtempSync(join(tmpdir(), 'hop-bench-'))
const running = await startEmbedded({
  topology: readTopology(values.topology),
  stateDir: join(home, 'state'),
  mode: 'mtls',
  logTo: { write: () => {} },
})
const lab = await connectLab(running.access)
try {
  await fillList(lab, Number(values.revoked))
  await round(lab)
  const all: Times[] = []
  const { meanwhile } = await whileCalling(
    () => placeOrder(lab),
    async () => {
      while (all.length < rounds) all.push(await round(lab))
    },
    4,
  )
  console.log(
    `${cpus()[0]?.model.trim()}, ${cpus().length} cores, Linux ${release()}, Node ${process.version}; ` +
      `${values.link} in mtls, ${rounds} rounds, ${values.revoked} serials revoked before, 4 customers ordering meanwhile`,
  )
  const row = (title: string, pick: (times: Times) => number): string => {
    const sorted = all.map(pick).toSorted((a, b) => a - b)
    const of = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!
    const cells = [sorted[0]!, median(sorted), of(0.95), sorted.at(-1)!]
    return `${title.padEnd(34)}${cells.map(ms => ms.toFixed(1).padStart(9)).join('')}`
  }
  console.log(
    `${'ms until refused'.padEnd(34)}${['least', 'median', 'p95', 'most'].map(word => word.padStart(9)).join('')}`,
  )
  console.log(row('new connection', ({ fresh }) => fresh))
  console.log(row('earlier session', ({ resumed }) => resumed))
  console.log(row('live connection cut', ({ live }) => live))
  console.log(row('acknowledged by every workload', ({ acknowledged }) => acknowledged))
  console.log(`orders meanwhile: ${meanwhile.calls}, lost: ${meanwhile.lost.length}`)
} finally {
  await lab.close()
  await running.close()
  rmSync(home, { recursive: true, force: true })
}
