import type { ConnectionRecord } from '../../services/chassis/observation.ts'
import type { Hop } from '../../services/modes.ts'
import { type Door, doorOf } from '../flows/door.ts'
import { isClients, isInner } from '../flows/hops.ts'
import { readUntil } from '../flows/patience.ts'
import { type Marks, mark, recordsSince } from '../flows/records.ts'
import type { LabClient } from '../lab-client.ts'
import { defineScenario, type Evidence, type LinkScenario, type Observed } from '../scenario.ts'
import { createOldServer, type Offer, oldOffers } from '../tools/old-tls.ts'
import { type Dial, dialRaw } from '../tools/raw.ts'
import { cameFrom, freshAddress, type Source } from '../tools/source.ts'

/** Offers retired versions and weak suites, and nothing else, to everybody who ends TLS; then the same with TLS 1.3. */
export default defineScenario({
  id: 'downgrade',
  claims: ['C8'],
  title: 'Can TLS be talked down to what is broken?',
  guarantee: 'old TLS and weak ciphers are refused on <link>',
  explanation:
    'A client that offers only TLS 1.0, TLS 1.1, or suites without forward secrecy or with weak padding must be turned away by whoever ends TLS, for that very reason and as both ends see it. That the offers are genuine is shown by a careless server of the experiment’s own, which takes every one of them.',
  per: 'link',
  select: hop => isInner(hop) || isClients(hop),
  expected: ({ transport }) => (transport === 'plaintext' ? 'not-applicable' : 'holds'),
  async run(lab, hops) {
    const careless = await offerToCareless()
    const observe = async (hop: Hop) =>
      hop.transport === 'plaintext' ? nothingToTalkDown : judgeDowngrade({ ...(await offerTo(lab, hop)), careless })
    return new Map(await Promise.all(hops.map(async hop => [hop.link.id, await observe(hop)] as const)))
  },
} satisfies LinkScenario)

/** What came of one offer; `taken` is what was agreed on, the failures are what each end has of the refusal. */
export type Offered = { offer: string; taken?: string; client?: string; reader?: string }

type OnHop = { reader: string; offered: Offered[]; modern: Offered }

const offerToCareless = async (): Promise<Offered[]> => {
  const server = await createOldServer()
  try {
    const dial = { address: server.address, tls: { rejectUnauthorized: false } }
    return await Promise.all(oldOffers.map(offer => make(dial, offer)))
  } finally {
    await server.close()
  }
}

const make = async (dial: Dial, { name, tls }: Pick<Offer, 'name' | 'tls'>): Promise<Offered & { source: Source }> => {
  const { raw, failure, ...source } = await dialRaw({ ...dial, tls: { ...dial.tls, ...tls } })
  raw?.close()
  return {
    offer: name,
    source,
    ...(raw ? { taken: `${raw.protocol} ${raw.cipher}` } : { client: failure?.name ?? 'unknown' }),
  }
}

const offerTo = async (lab: LabClient, hop: Hop): Promise<OnHop> => {
  const door = await doorOf(lab, hop)
  const marks = await mark(lab, [door.reader])
  const { address } = door.dial
  const offered = await Promise.all(oldOffers.map(offer => make({ ...door.dial, from: freshAddress(address) }, offer)))
  const modern = await make(door.dial, { name: 'TLS 1.3', tls: { minVersion: 'TLSv1.3' } })
  const refusals = await refusalsOf(lab, marks, door, hop.spliced ? undefined : offered.map(({ source }) => source))
  return { reader: door.reader, offered: offered.map((one, i) => ({ ...one, ...known(refusals[i]) })), modern }
}

const known = (record: ConnectionRecord | undefined) => (record?.failure ? { reader: record.failure.name } : {})

/** The reader's own records of the refusals, by where each came from; behind a splice they all come from the edge. */
const refusalsOf = (lab: LabClient, marks: Marks, { reader }: Door, from?: Source[]) =>
  readUntil(
    async () => {
      const connections = (await recordsSince(lab, marks))[reader]?.connections ?? []
      const refused = connections.filter(({ side, failure }) => side === 'server' && failure !== undefined)
      return from?.map(source => refused.find(record => cameFrom(record, source))) ?? refused
    },
    own => own.filter(record => record !== undefined).length >= oldOffers.length,
  )

const causes = ['protocol-version', 'no-shared-cipher']

/**
 * Broken when an offer was taken. The control: each refusal was for its version or ciphers, as both ends have it; TLS 1.3
 * is taken here; and a careless server takes every offer, so they were made.
 */
export const judgeDowngrade = ({ reader, offered, modern, careless }: OnHop & { careless: Offered[] }): Observed => {
  const taken = offered.filter(one => one.taken !== undefined)
  const due = offered.filter(one => causes.includes(one.client ?? '') && causes.includes(one.reader ?? ''))
  return {
    verdict: taken.length > 0 ? 'broken' : 'holds',
    because:
      taken.length > 0
        ? `${reader} agreed on ${taken.map(one => one.taken).join(', ')}`
        : `${reader} refused ${offered.map(({ offer }) => offer).join(', ')}`,
    evidence: offered.map(one => told(one, reader)),
    control: {
      passed:
        taken.length + due.length === offered.length &&
        modern.taken?.startsWith('TLSv1.3') === true &&
        careless.length === offered.length &&
        careless.every(one => one.taken !== undefined),
      evidence: [told(modern, reader), ...careless.map(one => told(one, 'a careless server'))],
    },
  }
}

const nothingToTalkDown: Observed = {
  verdict: 'not-applicable',
  because: 'nothing is encrypted here, so there is no version to talk down',
  evidence: [],
  control: { passed: true, evidence: [] },
}

const told = ({ offer, taken, client, reader }: Offered, where: string): Evidence => ({
  kind: taken === undefined ? 'failure' : 'text',
  title: `offered ${offer} only`,
  where,
  text: taken ?? `${client}, as the client saw it; ${reader ?? 'nothing'}, as ${where} recorded it`,
})
