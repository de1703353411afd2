import type { ConnectionOptions } from 'node:tls'
import type { ConnectionRecord } from '../../services/chassis/observation.ts'
import { hopsOf } from '../../services/hops.ts'
import type { LabClient } from '../lab-client.ts'
import { dialRaw, oneAnswer, type Raw, statusesIn } from '../tools/raw.ts'
import { cameFrom, freshAddress, type Source } from '../tools/source.ts'
import { bytesOf, type Door, doorOf } from './door.ts'
import { readUntil } from './patience.ts'
import { mark, recordsSince } from './records.ts'

/** A client of the public that can do only so much; with an address of its own, where there are some to choose. */
export type TlsClient = { kind: string; from: string | undefined; tls: ConnectionOptions }

const old = (ciphers: string): ConnectionOptions => ({ maxVersion: 'TLSv1.2', ciphers })

/** One of each kind. */
export const tlsClients = (lab: LabClient): TlsClient[] =>
  Object.entries({
    'TLS 1.3 only': { minVersion: 'TLSv1.3' },
    'TLS 1.2 only': { maxVersion: 'TLSv1.2' },
    'one suite of TLS 1.2': old('ECDHE-ECDSA-AES256-GCM-SHA384'),
    'two suites of TLS 1.2': old('ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305'),
    'TLS 1.2 without RSA': old('ECDHE-ECDSA-AES128-GCM-SHA256'),
    'TLS 1.2 without ECDSA': old('ECDHE-RSA-AES128-GCM-SHA256'),
  } satisfies Record<string, ConnectionOptions>).map(([kind, tls]) => ({
    kind,
    from: freshAddress(lab.access.edge),
    tls,
  }))

/** What came of one client's request; `client` and `server` say what each end has of the refusal. */
export type Met = { kind: string; agreed?: string; status: number; client?: string; server?: string } & Source

/** Every client sends one request on a connection of its own. */
export const meetClients = async (lab: LabClient, clients: readonly TlsClient[]): Promise<Met[]> => {
  const { mode } = await lab.state()
  const door = await doorOf(lab, hopsOf(lab.topology, mode)[0]!)
  const marks = await mark(lab, [door.reader])
  const met = await Promise.all(clients.map(client => meet(door, client)))
  const due = met.filter(({ client }) => client !== undefined).length
  const refusals = await readUntil(
    async () => {
      const connections = (await recordsSince(lab, marks))[door.reader]?.connections ?? []
      return connections.filter(record => {
        const { side, failure } = record
        return side === 'server' && failure !== undefined && met.some(one => cameFrom(record, one))
      })
    },
    found => found.length >= due,
  )
  return met.map(one => ({ ...one, ...serverSide(refusals.find(record => cameFrom(record, one))) }))
}

const serverSide = (record: ConnectionRecord | undefined) => (record?.failure ? { server: record.failure.name } : {})

const meet = async (door: Door, { kind, from, tls }: TlsClient): Promise<Met> => {
  const { raw, failure, ...source } = await dialRaw({ ...door.dial, tls: { ...door.dial.tls, ...tls }, from })
  if (!raw) return { kind, ...source, status: 0, client: failure.name }
  try {
    const { text } = await raw.ask(bytesOf(door.honest()), oneAnswer)
    return { kind, ...source, agreed: `${raw.protocol} ${raw.cipher}`, status: statusesIn(text).at(-1) ?? 0 }
  } finally {
    raw.close()
  }
}

/** A connection that a client of some kind keeps open while things change. */
export const keepOpen = async (lab: LabClient, { tls }: TlsClient): Promise<Raw | undefined> => {
  const { mode } = await lab.state()
  const door = await doorOf(lab, hopsOf(lab.topology, mode)[0]!)
  const { raw } = await dialRaw({ ...door.dial, tls: { ...door.dial.tls, ...tls } })
  await raw?.ask(bytesOf(door.honest()), oneAnswer)
  return raw
}
