import type { Address } from '../../services/chassis/transport.ts'
import { type Member, startMember } from '../../services/member.ts'
import { readTopology } from '../../services/topology/file.ts'
import { watchPeers } from './peers.ts'
import { ownVitals } from './vitals.ts'

/** What the driver asks of this process, and by which number it is answered. */
export type Question = { id: number } & (
  | { ask: 'start'; bundle: string[] }
  | { ask: 'join'; control: Address; tokens: Record<string, string> }
  | { ask: 'vitals' }
  | { ask: 'strangers'; issuers: string[] }
  | { ask: 'close' }
)

/** Every workload of the shop in one process, which nobody kills. */
const peers = watchPeers()
const topology = readTopology('topologies/shop.yaml')
const members: Member[] = []

/** Full after seconds: the usual memory takes hours to fill here, and would be taken for one that grows without end. */
const remembered = { server: 300, client: 300 }

const answer = async (question: Question): Promise<unknown> => {
  switch (question.ask) {
    case 'start':
      for (const name of Object.keys(topology.workloads))
        members.push(await startMember({ topology, name, bundle: question.bundle, limits: { remembered } }))
      return Object.fromEntries(members.map(({ name, address }) => [name, address]))
    case 'join':
      return void (await Promise.all(
        Object.entries(question.tokens).map(([name, token]) =>
          members.find(member => member.name === name)!.join(question.control, token),
        ),
      ))
    case 'vitals':
      return ownVitals()
    case 'strangers':
      return peers.strangers(question.issuers)
    case 'close':
      await Promise.all(members.map(member => member.close()))
      return process.disconnect()
  }
}

process.on('message', (question: Question) => {
  answer(question).then(
    value => process.connected && process.send!({ id: question.id, value }),
    error => process.connected && process.send!({ id: question.id, error: String(error) }),
  )
})
