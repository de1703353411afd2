import { afterEach, expect, test } from 'vitest'
import { HopError } from '../../../pki/error.ts'
import { serverNameOf } from '../../../services/edge/hello.ts'
import { parseHello } from '../../../services/edge/hello-parser.ts'
import { createHelloRecords } from '../../../services/edge/hello-records.ts'
import { helloRefusals } from '../../../services/edge/hello-refusals.ts'
import { createCleanup, until } from '../wire/support.ts'
import { alpn, helloFor, helloMessage, inRecords, nodeHello, serverName } from './hellos.ts'
import { converse, keepingBackend, passthrough, spliceTo } from './passthrough.ts'

const cleanup = createCleanup()
afterEach(cleanup.run)

/** mulberry32: small, seeded, good enough to choose bytes. */
const random = (seed: number) => {
  let state = seed
  return (below: number): number => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

const mutated = (hello: Buffer, pick: (below: number) => number): Buffer => {
  let bytes = Buffer.from(hello)
  for (let times = 1 + pick(4); times > 0 && bytes.length > 0; times -= 1) {
    const at = pick(bytes.length)
    const kind = pick(6)
    if (kind < 2) bytes[at] = pick(256)
    else if (kind === 2) bytes[at] = bytes[at]! ^ (1 << pick(8))
    else if (kind === 3) bytes = bytes.subarray(0, at)
    else if (kind === 4) bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + pick(40))])
    else bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at, at + pick(60)), bytes.subarray(at)])
  }
  return bytes
}

const seeds = async (): Promise<Buffer[]> => [
  helloFor('shop.hop.lab'),
  inRecords(helloMessage(serverName('shop.hop.lab'), alpn('h2', 'http/1.1')), 23),
  await nodeHello('shop.hop.lab', cleanup),
]

test('100,000 mutated hellos: read, or refused by a name in the table, or still waiting', async () => {
  const pick = random(20261122)
  const originals = await seeds()
  const counts: Record<string, number> = {}
  for (let round = 0; round < 100_000; round += 1) {
    let outcome = 'waiting'
    try {
      const body = createHelloRecords(16_384).push(mutated(originals[round % originals.length]!, pick))
      if (body)
        outcome = `read ${serverNameOf(parseHello(body)).serverName === 'shop.hop.lab' ? 'as it was' : 'otherwise'}`
    } catch (error) {
      if (!(error instanceof HopError)) throw error
      outcome = error.code
    }
    counts[outcome] = (counts[outcome] ?? 0) + 1
  }
  const names = new Set([...Object.keys(helloRefusals), 'waiting', 'read as it was', 'read otherwise'])
  expect(Object.keys(counts).filter(name => !names.has(name))).toEqual([])
  expect(Object.keys(counts).length).toBeGreaterThan(8)
})

test('5,000 mutated hellos over sockets: all settled, none answered by the backend but those it got, no socket left', async () => {
  const pick = random(5000)
  const originals = await seeds()
  const backend = await keepingBackend(cleanup)
  const edge = await passthrough([spliceTo(backend.address)], cleanup, { limits: { deadlineMs: 2000 } })
  const total = 5000
  let next = 0
  let answered = 0
  const worker = async (): Promise<void> => {
    while (next < total) {
      const bytes = mutated(originals[next++ % originals.length]!, pick)
      const at = pick(bytes.length + 1)
      const { answer } = await converse(edge.address, [bytes.subarray(0, at), bytes.subarray(at)], cleanup)
      if (String(answer) === 'backend') answered += 1
      else expect([0, 7]).toContain(answer.length)
    }
  }
  await Promise.all(Array.from({ length: 32 }, worker))
  await until(() => edge.open.size === 0 && backend.open.size === 0)
  expect(edge.seen).toHaveLength(total)
  const spliced = edge.seen.filter(({ failure }) => !failure)
  expect(spliced.every(({ serverName: name }) => name?.toLowerCase() === 'shop.hop.lab')).toBe(true)
  expect(spliced.length).toBe(answered)
  expect(edge.ends).toHaveLength(spliced.length)
  expect(backend.received).toHaveLength(spliced.length)
  expect(answered).toBeGreaterThan(100)
}, 60_000)
