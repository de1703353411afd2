import { checkServerIdentity } from 'node:tls'
import type { ConnectionRecord } from '../../services/chassis/observation.ts'
import type { Address } from '../../services/chassis/transport.ts'
import { hopsOf, splicedLink } from '../../services/hops.ts'
import type { Hop } from '../../services/modes.ts'
import { everywhere } from '../expected.ts'
import { type Door, doorOf } from '../flows/door.ts'
import { askInTurn, type Named } from '../flows/names.ts'
import { mark, recordsSince } from '../flows/records.ts'
import { restoringWire } from '../flows/wire.ts'
import type { LabClient } from '../lab-client.ts'
import { defineScenario, type Evidence, type Observed } from '../scenario.ts'
import { createCareless } from '../tools/careless-h2.ts'
import { dialRaw } from '../tools/raw.ts'

export default defineScenario({
  id: 'h2-coalescing',
  claims: ['B8'],
  title: 'Can a connection made for one name be used for another?',
  guarantee: 'a connection made for one name serves no other',
  explanation:
    'A browser that holds a connection may use it for every name its certificate covers (RFC 9113 §9.1.1). An edge that passes TLS through chose by the server name of the handshake and never sees the second name, so only the certificate and the service stand in the way: the certificate covers one name, and a request for another on a used connection is called misdirected. A careless server, under passthrough in the service’s own place, shows what would happen otherwise.',
  per: 'system',
  expected: everywhere('holds'),
  run: async lab => judgeCoalescing(await coalesce(lab)),
})

/** `covered`: the names the certificate is for. `seen`: what the edge recorded of the connections. */
export type Coalesced = {
  own: string
  other: string
  reader: string
  edge: string
  covered: string
  named: Named[]
  careless: Named[]
  seen: ConnectionRecord[]
}

/** Nobody's: in the shape of a second service behind the same edge. */
const secondName = (own: string): string => `billing.${own.replace(/^[^.]+\./, '')}`

const coalesce = async (lab: LabClient): Promise<Coalesced> => {
  const { topology } = lab
  const { edge } = topology.ingress
  const { mode } = await lab.state()
  const [hop] = hopsOf(topology, mode) as [Hop]
  const door = await doorOf(lab, hop)
  const other = secondName(door.host)
  const marks = await mark(lab, [edge])
  const turns = [door.host, other, door.host]
  // HTTP/2 where it is offered; a kept-alive connection is used for other names in the same way where it is not
  const overHttp2 = await askInTurn(door, 'HTTP/2', turns)
  const named = overHttp2.length > 0 ? overHttp2 : await askInTurn(door, 'HTTP/1.1', turns)
  const careless = await askCareless(lab, hop, door, turns)
  const { [edge]: report } = await recordsSince(lab, marks)
  const seen = (report?.connections ?? []).filter(({ side }) => side === 'server')
  return { own: door.host, other, reader: door.reader, edge, covered: await namesAt(door), named, careless, seen }
}

/** Under passthrough it stands in the service's place, and is asked through the edge that splices to it. */
const askCareless = async (
  lab: LabClient,
  { spliced }: Hop,
  door: Door,
  turns: readonly string[],
): Promise<Named[]> => {
  const server = await createCareless(lab.standsAt, lab.credentials.foreign(door.reader))
  const tls = { servername: door.host, rejectUnauthorized: false }
  const ask = (address: Address) => askInTurn({ ...door, dial: { address, tls } }, 'HTTP/2', turns)
  try {
    if (!spliced) return await ask(server.address)
    const { id } = splicedLink(lab.topology)
    return await restoringWire(lab, id, async () => {
      await lab.wire(id).redirect(server.address)
      return ask(door.dial.address)
    })
  } finally {
    await server.close()
  }
}

const namesAt = async (door: Door): Promise<string> => {
  const { raw } = await dialRaw(door.dial)
  raw?.close()
  return raw?.peerNames ?? ''
}

/** Would a client that keeps to RFC 9113 §9.1.1 use the connection for this name? */
const covers = (names: string, name: string): boolean =>
  checkServerIdentity(name, { subject: {}, subjectaltname: names } as Parameters<typeof checkServerIdentity>[1]) ===
  undefined

/**
 * Broken when the other name was served on the used connection. The control: the connection's own name was, before and
 * after, and the certificate covers it; a careless server serves both, so the client does do what it is suspected of.
 */
export const judgeCoalescing = ({ own, other, reader, edge, covered, named, careless, seen }: Coalesced): Observed => {
  const [first, reused, last] = named
  const served = (one: Named | undefined) => one !== undefined && one.status >= 200 && one.status < 300
  const misdirected = reused?.failure === 'misdirected-request'
  const blind = seen.some(({ transport }) => transport === 'spliced')
  const may = covers(covered, other)
  return {
    verdict: served(reused) ? 'broken' : 'holds',
    because: `${served(reused) ? `${reader} served ${other} on a connection made for ${own}` : `${reader} called ${other} misdirected (${reused?.status}) over ${reused?.over}`}; the certificate is for ${covered}, so a client ${may ? 'may' : 'may not'} use the connection for it${blind ? `; ${edge} saw one server name and bytes` : ''}`,
    evidence: [
      text('names in the certificate', 'client', covered),
      ...(reused ? [told(reused)] : []),
      ...seen.slice(0, 1).map(record => text(`what ${edge} recorded of the connection`, edge, described(record))),
    ],
    control: {
      passed:
        served(first) &&
        served(last) &&
        covers(covered, own) &&
        (served(reused) || misdirected) &&
        careless.length === 3 &&
        careless.every(served),
      evidence: [
        ...[first, last].flatMap(one => (one ? [told(one)] : [])),
        ...careless.map(one => told(one, `a careless server${blind ? ` behind ${edge}` : ''}`)),
      ],
    },
  }
}

const described = ({ transport, serverName, alpn }: ConnectionRecord): string =>
  [transport, `server name ${serverName ?? 'none'}`, ...(alpn === undefined ? [] : [alpn])].join(', ')

const text = (title: string, where: string, said: string): Evidence => ({ kind: 'text', title, where, text: said })

const told = ({ over, connection, asked, status, failure }: Named, where = 'client'): Evidence => ({
  ...{ kind: 'request', title: `${asked} over ${over}, ${connection} connection`, where },
  text: `${status}${failure === undefined ? '' : ` ${failure}`}`,
})
