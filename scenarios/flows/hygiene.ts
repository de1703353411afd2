import type { ConnectionRecord } from '../../services/chassis/observation.ts'
import { hopsOf } from '../../services/hops.ts'
import type { LabClient } from '../lab-client.ts'
import { random } from '../tools/canary.ts'
import { type Dial, dialRaw, oneAnswer, type Said, statusesIn } from '../tools/raw.ts'
import { freshAddress } from '../tools/source.ts'
import { bytesOf, type Door, doorOf } from './door.ts'
import { mark, recordsSince } from './records.ts'

/** One answer over TLS, and its Strict-Transport-Security (RFC 6797 §6.1) if it had one. */
export type Answered = { what: string; status: number; hsts?: string }

/** What the public meets: versions and ciphers, answers, the plaintext door, and plaintext at the door of TLS. */
export type Met = {
  /** `version cipher` by what was offered; absent where it was refused. */
  agreed: { offered: string; taken?: string }[]
  answered: Answered[]
  redirected: { host: string; status: number; location: string }[]
  plaintext: { status: number; refused?: ConnectionRecord; served: string[] }
}

/** Goes round the public entrance the way scanners do. */
export const meetEdge = async (lab: LabClient): Promise<Met> => {
  const { mode } = await lab.state()
  const door = await doorOf(lab, hopsOf(lab.topology, mode)[0]!)
  const [agreed, answered, redirected, plaintext] = await Promise.all([
    Promise.all(offers.map(offer => agree(door.dial, offer))),
    Promise.all(requestsTo(door).map(request => ask(door.dial, request))),
    Promise.all([door.host, 'elsewhere.example'].map(host => knock(lab, host))),
    speakPlaintext(lab, door),
  ])
  return { agreed, answered, redirected, plaintext }
}

const offers = [
  { offered: 'TLS 1.2 and 1.3', tls: { minVersion: 'TLSv1.2' } },
  { offered: 'TLS 1.2 only', tls: { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' } },
] as const

const agree = async (dial: Dial, { offered, tls }: (typeof offers)[number]): Promise<Met['agreed'][number]> => {
  const { raw } = await dialRaw({ ...dial, tls: { ...dial.tls, ...tls } })
  raw?.close()
  return { offered, ...(raw ? { taken: `${raw.protocol} ${raw.cipher}` } : {}) }
}

const requestsTo = (door: Door): { what: string; bytes: string }[] => {
  const { host } = door
  const get = (target: string, named = host) => bytesOf({ method: 'GET', target, lines: [`Host: ${named}`], body: '' })
  return [
    { what: 'an honest request', bytes: bytesOf(door.honest()) },
    { what: 'a path nobody allows', bytes: get('/not-in-any-rule') },
    { what: 'another host', bytes: get('/', 'elsewhere.example') },
    { what: 'no request at all', bytes: 'nonsense\r\n\r\n' },
  ]
}

const ask = async (dial: Dial, { what, bytes }: { what: string; bytes: string }): Promise<Answered> => {
  const { text } = await tell(dial, bytes)
  const hsts = headerIn(text, 'strict-transport-security')
  return { what, status: statusesIn(text)[0] ?? 0, ...(hsts === '' ? {} : { hsts }) }
}

const knock = async (lab: LabClient, host: string) => {
  const { text } = await tell({ address: lab.access.redirect }, `GET /a?b=c HTTP/1.1\r\nHost: ${host}\r\n\r\n`)
  return { host, status: statusesIn(text)[0] ?? 0, location: headerIn(text, 'location') }
}

/** An honest request in plaintext at the port of TLS; who refused it, and who has a record of its path. */
const speakPlaintext = async (lab: LabClient, door: Door): Promise<Met['plaintext']> => {
  const path = `/in-plaintext-${random('abcdefghijkmnpqrstuvwxyz', 12)}`
  const marks = await mark(lab)
  const bytes = bytesOf({ ...door.honest(), target: path })
  const { text } = await tell({ address: lab.access.edge, from: freshAddress(lab.access.edge) }, bytes)
  const reports = await recordsSince(lab, marks)
  const refused = reports[lab.topology.ingress.edge]?.connections.findLast(
    ({ failure }) => failure !== undefined && notTls.includes(failure.name),
  )
  const served = Object.keys(reports).filter(name => reports[name]!.requests.some(request => request.path === path))
  return { status: statusesIn(text)[0] ?? 0, served, ...(refused ? { refused } : {}) }
}

/** Where the edge ends TLS, and where it only looks for a ClientHello. */
const notTls = ['plaintext-to-tls', 'not-tls']

const tell = async (dial: Dial, bytes: string): Promise<Said> => {
  const { raw } = await dialRaw(dial)
  if (!raw) return { text: '', ended: true }
  try {
    return await raw.ask(bytes, oneAnswer)
  } finally {
    raw.close()
  }
}

const headerIn = (text: string, name: string): string =>
  new RegExp(`\\r\\n${name}: ([^\\r]+)`, 'i').exec(text)?.[1] ?? ''
