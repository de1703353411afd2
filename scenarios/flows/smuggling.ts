import { type DowngradeShape, downgradeShapes } from '../tools/downgrade-shapes.ts'
import { type H2Said, h2Request, readH2 } from '../tools/h2-frames.ts'
import { createLenient } from '../tools/lenient-http1.ts'
import { converse, dialRaw, type Failure, failureIn, oneAnswer, type Said, statusesIn } from '../tools/raw.ts'
import { type Shape, smugglingShapes } from '../tools/smuggling-shapes.ts'
import { bytesOf, type Door } from './door.ts'

/**
 * What became of one shape. `refused`: an error or nothing, and the end of the connection or stream. `disarmed`: what made
 * it one was dropped, and the rest was no proper request. `unsent`: shows nothing.
 */
export type Tried = {
  shape: string
  outcome: 'refused' | 'disarmed' | 'accepted' | 'left open' | 'unsent'
  told: string
}

/** What a well-formed pair of requests in one packet got; a third asks for a path that is sure to be looked for. */
export type Pair = { statuses: number[]; told: string }

/** Some at a time: a hop more must not make the others wait for their handshakes. */
const atOnce = 6

/** Sends every shape over a connection of its own. `canary` is the path of the smuggled request. */
export const trySmuggling = async (door: Door, canary: string, overHttp2: boolean): Promise<Tried[]> => {
  const one = async (shape: Shape): Promise<Tried> => {
    const { method, target, lines } = door.honest()
    const bytes = shape.bytes({ method, target, lines }, smuggledTo(door, canary))
    return { shape: shape.name, ...judgeAnswer(await converse(door.dial, bytes)) }
  }
  const waiting = [
    ...smugglingShapes.map(shape => () => one(shape)),
    ...(overHttp2 ? downgradeShapes.map(shape => () => tryDowngrade(door, shape, canary)) : []),
  ].entries()
  const tried: Tried[] = []
  const work = async () => {
    for (const [i, send] of waiting) tried[i] = await send()
  }
  await Promise.all(Array.from({ length: atOnce }, work))
  return tried
}

/** The shapes by which a reader is fooled who takes what he can: what each is there for. Each has a path of its own. */
export const fooledByShapes = async ({ honest }: Pick<Door, 'honest'>, canary: string): Promise<string[]> => {
  const lenient = await createLenient()
  try {
    const fooled = smugglingShapes.map(async ({ name, bytes }, i) => {
      const { method, target, lines } = honest()
      const own = `${canary}-${i}`
      const smuggled = bytesOf({ method: 'GET', target: own, lines, body: '' })
      const { raw } = await dialRaw({ address: lenient.address })
      await raw?.ask(bytes({ method, target, lines }, smuggled), oneAnswer)
      raw?.close()
      return lenient.asked().some(path => path.endsWith(own)) ? [name] : []
    })
    return (await Promise.all(fooled)).flat()
  } finally {
    await lenient.close()
  }
}

/** Two honest requests in one packet, then one for `canary`: what no shape may achieve, done properly. */
export const sendPair = async (door: Door, canary: string): Promise<Pair> => {
  const last = bytesOf({ method: 'GET', target: canary, lines: door.honest().lines, body: '' }, 'Connection: close')
  const { text } = await converse(door.dial, bytesOf(door.honest()) + bytesOf(door.honest()) + last)
  const statuses = statusesIn(text)
  return { statuses, told: statuses.join(' ') }
}

/** Does this door offer HTTP/2? Only the edge does, where it reads requests. */
export const offersHttp2 = async ({ dial }: Door): Promise<boolean> => {
  if (!dial.tls) return false
  const { raw } = await dialRaw({ ...dial, tls: { ...dial.tls, ALPNProtocols: ['h2', 'http/1.1'] } })
  raw?.close()
  return raw?.alpn === 'h2'
}

const smuggledTo = (door: Door, canary: string): string =>
  bytesOf({ method: 'GET', target: canary, lines: door.honest().lines, body: '' })

/** More than one answer, a success, or a connection that goes on: somebody found a request in it. */
const judgeAnswer = ({ text, ended, failure }: Said & { failure?: Failure }): Omit<Tried, 'shape'> => {
  if (failure) return { outcome: 'unsent', told: `no connection: ${failure.name}` }
  const statuses = statusesIn(text)
  const told = [...statuses, failureIn(text) ?? '', ended ? 'closed' : 'left open']
    .filter(part => part !== '')
    .join(' ')
  if (statuses.length > 1 || statuses.some(status => status < 400)) return { outcome: 'accepted', told }
  return { outcome: ended ? 'refused' : 'left open', told }
}

const tryDowngrade = async (door: Door, shape: DowngradeShape, canary: string): Promise<Tried> => {
  const { raw } = await dialRaw({ ...door.dial, tls: { ...door.dial.tls, ALPNProtocols: ['h2'] } })
  if (!raw) return { shape: shape.name, outcome: 'unsent', told: 'no HTTP/2 connection' }
  const smuggled = smuggledTo(door, canary)
  const own = shape.headers(smuggled)
  const { method, target } = door.honest()
  const pseudo = [
    [':method', method],
    [':scheme', 'https'],
    [':authority', door.host],
    [':path', target],
  ] as const
  const headers = [...pseudo.filter(([name]) => !own.some(([replaced]) => replaced === name)), ...own]
  const { text, ended } = await raw.ask(h2Request(headers.toSorted(pseudoFirst), shape.body(smuggled)), hasSaid)
  raw.close()
  const said = readH2(text)
  const told = said
    ? Object.entries(said)
        .map(([what, code]) => `${what} ${code}`)
        .join(', ')
    : 'closed'
  return { shape: shape.name, outcome: judgeFrames(shape, said, ended), told }
}

const judgeFrames = ({ droppable }: DowngradeShape, said: H2Said | undefined, ended: boolean): Tried['outcome'] => {
  if (!said) return ended ? 'refused' : 'left open'
  if (said.reset !== undefined || said.goaway !== undefined) return 'refused'
  if (said.status === undefined || said.status < 400) return 'accepted'
  return droppable ? 'disarmed' : 'refused'
}

const hasSaid = (text: string): boolean => readH2(text) !== undefined

const pseudoFirst = ([a]: readonly [string, string], [b]: readonly [string, string]): number =>
  Number(b.startsWith(':')) - Number(a.startsWith(':'))
