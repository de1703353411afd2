import { createH2 } from '../tools/h2-client.ts'
import { dialRaw, failureIn, oneAnswer, statusesIn } from '../tools/raw.ts'
import { bytesOf, type Door } from './door.ts'

/** A name to ask for; two where the request itself names two: its target (`:authority`) and its Host. */
export type Name = string | readonly [target: string, host: string]

/** One request for a name: over which version, on a new connection or one that had served another, and what came of it. */
export type Named = {
  over: 'HTTP/1.1' | 'HTTP/2'
  connection: 'new' | 'used'
  asked: string
  status: number
  failure?: string
  /** What a refusal names itself by; successes do not. */
  requestId?: string
}

/** Asks for each of the names in turn, all on one connection made for the door's own. Nothing where it is not spoken. */
export const askInTurn = async (door: Door, over: Named['over'], names: readonly Name[]): Promise<Named[]> => {
  const connection = over === 'HTTP/2' ? await overHttp2(door) : await overHttp1(door)
  if (!connection) return []
  const named: Named[] = []
  try {
    for (const name of names) {
      const { status, text } = await connection.ask(name)
      const asked = typeof name === 'string' ? name : `${name[0]} and ${name[1]}`
      const failure = failureIn(text)
      const requestId = /"requestId":"([^"]+)"/.exec(text)?.[1]
      named.push({
        ...{ over, asked, status },
        connection: named.length === 0 ? 'new' : 'used',
        ...(failure === undefined ? {} : { failure }),
        ...(requestId === undefined ? {} : { requestId }),
      })
    }
    return named
  } finally {
    connection.close()
  }
}

type Connection = { ask(name: Name): Promise<{ status: number; text: string }>; close(): void }

const overHttp1 = async (door: Door): Promise<Connection | undefined> => {
  const { raw } = await dialRaw(door.dial)
  return (
    raw && {
      async ask(name) {
        const { lines, target, ...request } = door.honest()
        const [elsewhere, host] = typeof name === 'string' ? ['', name] : [`https://${name[0]}`, name[1]]
        const named = lines.map(line => (/^host:/i.test(line) ? `Host: ${host}` : line))
        const { text } = await raw.ask(bytesOf({ ...request, target: elsewhere + target, lines: named }), oneAnswer)
        return { status: statusesIn(text)[0] ?? 0, text }
      },
      close: () => raw.close(),
    }
  )
}

/** Undefined where no HTTP/2 is offered. */
const overHttp2 = async (door: Door): Promise<Connection | undefined> => {
  const client = await createH2(door.dial)
  return (
    client && {
      ask: name => client.ask(typeof name === 'string' ? [name] : name, door.honest()),
      close: () => client.close(),
    }
  )
}
