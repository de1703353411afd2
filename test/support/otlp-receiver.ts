import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'

/** A span as it came over OTLP; ids in hex, times in ms since the epoch. */
export type ReceivedSpan = {
  service: string
  traceId: string
  spanId: string
  parentSpanId: string
  name: string
  /** `SpanKind` of the protocol: 2 is server, 3 client. */
  kind: number
  start: number
  end: number
  attributes: Record<string, unknown>
  /** 2: error. */
  status: number
}

/** A collector for OTLP/HTTP with protobuf bodies, read by the numbers of opentelemetry-proto 1.x; nothing of the sender's code. */
export const startOtlpReceiver = async (
  answer: (request: IncomingMessage, response: ServerResponse) => void = (_, response) => void response.end(),
) => {
  const spans: ReceivedSpan[] = []
  const requests: { path: string; type: string; bytes: number }[] = []
  let waiting: (() => void)[] = []
  const server = createServer(async (request, response) => {
    const body = await buffer(request).catch(() => undefined)
    if (!body) return
    requests.push({ path: request.url ?? '', type: request.headers['content-type'] ?? '', bytes: body.length })
    spans.push(...readExport(body))
    answer(request, response)
    for (const look of waiting) look()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    requests,
    /** Resolves when what came is enough. */
    until: (enough: (spans: readonly ReceivedSpan[]) => boolean) =>
      new Promise<void>(resolve => {
        const look = () => {
          if (!enough(spans)) return
          waiting = waiting.filter(one => one !== look)
          resolve()
        }
        waiting.push(look)
        look()
      }),
    async close() {
      server.closeAllConnections()
      server.close()
      if (server.listening) await once(server, 'close')
    },
  }
}

type Field = { number: number; value: Buffer | bigint }

/** The wire format of protobuf: varints, 64 and 32 bit words, and lengths. */
function* fieldsOf(bytes: Buffer): Generator<Field> {
  let at = 0
  const varint = (): bigint => {
    for (let value = 0n, shift = 0n; ; shift += 7n) {
      const byte = bytes[at++]!
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
  }
  while (at < bytes.length) {
    const key = Number(varint())
    const number = key >> 3
    const type = key & 7
    if (type === 0) yield { number, value: varint() }
    else {
      const length = type === 1 ? 8 : type === 5 ? 4 : Number(varint())
      if (type !== 1 && type !== 2 && type !== 5) throw new Error(`wire type ${type}`)
      if (at + length > bytes.length) throw new Error('a field is longer than its message')
      yield { number, value: bytes.subarray(at, at + length) }
      at += length
    }
  }
}

const all = (message: Buffer, number: number): Buffer[] =>
  [...fieldsOf(message)].flatMap(field => (field.number === number ? [field.value as Buffer] : []))
const one = (message: Buffer, number: number): Buffer => all(message, number)[0] ?? Buffer.alloc(0)
const number = (message: Buffer, wanted: number): number =>
  Number([...fieldsOf(message)].find(field => field.number === wanted)?.value ?? 0)
const millis = (message: Buffer, wanted: number): number => Number(one(message, wanted).readBigUInt64LE()) / 1e6

const anyOf = (value: Buffer): unknown => {
  for (const field of fieldsOf(value)) {
    if (field.number === 1) return String(field.value)
    if (field.number === 2) return field.value === 1n
    if (field.number === 3) return Number(field.value)
    if (field.number === 4) return (field.value as Buffer).readDoubleLE()
  }
  return undefined
}

const attributesOf = (message: Buffer, number: number): Record<string, unknown> =>
  Object.fromEntries(all(message, number).map(pair => [one(pair, 1).toString(), anyOf(one(pair, 2))]))

const readExport = (body: Buffer): ReceivedSpan[] =>
  all(body, 1).flatMap(resourceSpans => {
    const service = String(attributesOf(one(resourceSpans, 1), 1)['service.name'])
    return all(resourceSpans, 2)
      .flatMap(scope => all(scope, 2))
      .map(span => ({
        service,
        traceId: one(span, 1).toString('hex'),
        spanId: one(span, 2).toString('hex'),
        parentSpanId: one(span, 4).toString('hex'),
        name: one(span, 5).toString(),
        kind: number(span, 6),
        start: millis(span, 7),
        end: millis(span, 8),
        attributes: attributesOf(span, 9),
        status: number(one(span, 15), 3),
      }))
  })
