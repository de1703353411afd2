import { createConnection } from 'node:net'
import type { L7Policy } from '../../../services/chassis/desired.ts'
import type { Program, RequestContext, Site } from '../../../services/chassis/program.ts'
import { type MountOptions, withL7 } from '../../../services/l7/mount.ts'
import { contextOf, play, siteWith } from '../services/stage.ts'

export const openPolicy: L7Policy = { waf: false, rate: null, tokens: null }

/** Answers what of a request came to it: the target, the header lines, the parsed headers, the body. */
const mirror: Program = async () => ({
  handler(request, response) {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const { url, rawHeaders, headers } = request
      const seen = { url, rawHeaders, headers, body: Buffer.concat(chunks).toString() }
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify(seen))
    })
  },
  close: async () => {},
})

/** A program behind the pack on a real server; `mount` changes the policy live. */
export const packed = async (
  options: MountOptions & { policy?: L7Policy; version?: 1 | 2; context?: Partial<RequestContext> } = {},
) => {
  let policy = options.policy
  const { site } = siteWith({})
  const mounted: Site = { ...site, l7: () => policy }
  let made: Awaited<ReturnType<Program>> | undefined
  const program: Program = async where => {
    made = await withL7(mirror, options)(where)
    return made
  }
  const context = () => contextOf({ encrypted: true, ...options.context })
  const played = await play(program, mounted, options.version ?? 1, context())
  return {
    ...played,
    mount(next: L7Policy | undefined) {
      policy = next
    },
    counted: () => made?.l7?.(),
    /** Sends header lines as they are; answers the status and the body. */
    raw: (target: string, lines: readonly string[], body = '') =>
      say(played.origin, target, 'shop.hop.lab', lines, body),
    rawHost: (host: string) => say(played.origin, '/orders/1', host, [], ''),
  }
}

const say = async (origin: string, target: string, host: string, lines: readonly string[], body: string) => {
  const { port } = new URL(origin)
  const socket = createConnection(Number(port), '127.0.0.1')
  const length = body === '' ? [] : [`Content-Length: ${body.length}`]
  const all = [`Host: ${host}`, ...lines, ...length, 'Connection: close']
  socket.end(`GET ${target} HTTP/1.1\r\n${all.join('\r\n')}\r\n\r\n${body}`)
  const text = Buffer.concat(await socket.toArray()).toString()
  const [head = '', ...rest] = text.split('\r\n\r\n')
  const from = rest.join('\r\n\r\n')
  const json = from.slice(from.indexOf('{'), from.lastIndexOf('}') + 1)
  return { status: Number(head.slice(9, 12)), head, body: json === '' ? undefined : JSON.parse(json) }
}
