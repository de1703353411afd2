import * as v from 'valibot'

/*
 * What a workload says it saw. It may lie, but not in a way that keeps the control plane from hearing the others: of every
 * record, whatever is counted, compared or labelled by has its type and a bound. Other fields pass as they are.
 */

const long = v.pipe(v.string(), v.maxLength(20_000))
const word = v.pipe(v.string(), v.maxLength(300))
const time = v.pipe(
  v.string(),
  v.maxLength(40),
  v.check(text => !Number.isNaN(Date.parse(text)), 'a time (ISO 8601)'),
)
const list = <Item extends v.GenericSchema>(item: Item, most: number) => v.pipe(v.array(item), v.maxLength(most))

const failure = v.optional(v.looseObject({ name: word, code: v.optional(long) }))
const peer = v.variant('kind', [
  v.looseObject({ kind: v.literal('authenticated'), id: long, serial: word, notAfter: time }),
  v.looseObject({ kind: v.literal('anonymous'), because: word }),
])
const connection = v.looseObject({
  ...{ id: word, side: v.picklist(['server', 'client']), at: time, failure, peer: v.optional(peer) },
  ...{ link: v.optional(word), transport: v.optional(word), remoteAddress: v.optional(word) },
  ...{ localKey: v.optional(word), peerKey: v.optional(word), requestId: v.optional(word) },
})
const call = v.looseObject({
  spanId: word,
  link: word,
  method: long,
  path: long,
  connection: v.optional(word),
  failure,
})
const request = v.looseObject({
  ...{ at: time, requestId: word, traceId: word, spanId: word, connection: word, method: long, path: long },
  ...{ status: v.number(), durationMs: v.number(), calls: v.optional(list(call, 10_000)), failure },
  ...{ caller: v.optional(long), rule: v.optional(word) },
})
const held = v.looseObject({
  ...{ kind: v.picklist(['workload', 'public']), name: word, key: word, serial: word, issuer: word },
  ...{ notBefore: time, notAfter: time },
})
const renewal = v.looseObject({ kind: word, name: word, at: time, failures: v.number(), failure })
const crl = v.looseObject({ issuer: word, number: v.number(), thisUpdate: time, nextUpdate: time })
const trust = v.looseObject({ version: v.number(), roots: list(word, 100), crls: list(crl, 100) })

/** The body of `POST /v1/report/:id`: `Observations`, as far as they are relied upon. */
export const reportBody = v.looseObject({
  ...{ connections: list(connection, 20_000), requests: list(request, 10_000), keyLog: list(long, 50_000) },
  ...{ held: list(held, 100), renewals: v.optional(list(renewal, 100)), trust: v.optional(trust) },
  ...{ clock: v.optional(time), cursor: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(1e12)) },
})
