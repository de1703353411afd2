import { createHash, timingSafeEqual } from 'node:crypto'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { HopError } from '../../../pki/error.ts'

type GuardOptions = {
  token: string
  clock: () => number
  /** The port people use, where it is not the one listened on (a container's published port). */
  publishedPort?: number
  /** What else people and programs may call us by, `name:port`: where the operator comes over a network of its own. */
  names?: readonly string[]
}

/**
 * Stands before every route of an instance, plugins mounted later included. A page in the operator's browser can reach
 * loopback, so being local proves nothing: the Host must be ours (DNS rebinding), the Origin too if there is one (CSRF),
 * and the token is only taken from the Authorization header, which no form or foreign page can set.
 * Refuses with `url-malformed`, `method-not-allowed`, `header-twice`, `operator-host`, `operator-origin`,
 * `operator-token`, `too-many-requests`, `content-type`, `body-unexpected`.
 */
export const guardOperator = (
  app: FastifyInstance,
  { token, clock, publishedPort, names = [] }: GuardOptions,
): void => {
  const tooMany = createFailureCounter(clock)
  app.addHook('onRequest', async (request, reply) => {
    checkForm(request)
    checkHost(request, publishedPort ?? request.raw.socket.localPort ?? 0, names)
    checkOrigin(request)
    if (!carries(request, token)) {
      if (tooMany()) throw refused('too-many-requests', 'Authorization', 'fewer wrong tokens', 'too many in a minute')
      reply.header('www-authenticate', 'Bearer realm="hop operator"')
      throw refused('operator-token', 'Authorization', 'Bearer and the token printed at start', found(request))
    }
    checkBody(request)
  })
}

const methods = ['GET', 'PUT', 'POST']
const single = ['host', 'origin', 'authorization', 'content-type', 'content-length']

const checkForm = ({ raw }: FastifyRequest): void => {
  if (!methods.includes(raw.method ?? '')) throw refused('method-not-allowed', 'method', methods.join(', '), raw.method)
  // An absolute target overrides Host (RFC 9112, 3.2.2): nobody but a proxy's client sends one.
  if (!raw.url?.startsWith('/')) throw refused('url-malformed', 'request target', 'a path', raw.url)
  const names = raw.rawHeaders.filter((_, i) => i % 2 === 0).map(name => name.toLowerCase())
  const twice = single.find(name => names.indexOf(name) !== names.lastIndexOf(name))
  if (twice) throw refused('header-twice', twice, 'once', 'more than once')
}

const checkHost = ({ raw }: FastifyRequest, port: number, names: readonly string[]): void => {
  const own = [...['127.0.0.1', 'localhost', '[::1]'].map(name => `${name}:${port}`), ...names]
  if (!own.includes(raw.headers.host?.toLowerCase() ?? ''))
    throw refused('operator-host', 'Host', own.join(', '), raw.headers.host ?? 'none')
}

const checkOrigin = ({ raw }: FastifyRequest): void => {
  const { origin, host } = raw.headers
  const own = `http://${host?.toLowerCase()}`
  if (origin !== undefined && origin.toLowerCase() !== own) throw refused('operator-origin', 'Origin', own, origin)
  const site = raw.headers['sec-fetch-site']
  if (site !== undefined && site !== 'same-origin' && site !== 'none')
    throw refused('operator-origin', 'Sec-Fetch-Site', 'same-origin', String(site))
}

const checkBody = ({ raw }: FastifyRequest): void => {
  const length = raw.headers['content-length']
  const hasBody = (length !== undefined && length !== '0') || raw.headers['transfer-encoding'] !== undefined
  if (raw.method === 'GET') {
    if (hasBody) throw refused('body-unexpected', 'body', 'none on GET', `${length ?? 'chunked'}`)
    return
  }
  const type = raw.headers['content-type']
  if ((hasBody || type !== undefined) && !/^application\/json(?:; ?charset=utf-8)?$/i.test(type ?? ''))
    throw refused('content-type', 'Content-Type', 'application/json', type ?? 'none')
}

const carries = ({ raw }: FastifyRequest, token: string): boolean => {
  const given = /^Bearer ([A-Za-z0-9_-]{1,200})$/.exec(raw.headers.authorization ?? '')?.[1]
  // Digests have one length, so the comparison takes the same time for every wrong token.
  return given !== undefined && timingSafeEqual(digest(given), digest(token))
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()

const found = ({ raw }: FastifyRequest): string => (raw.headers.authorization === undefined ? 'none' : 'another')

/** Counts failures only, so that nobody can lock the operator out by guessing. */
const createFailureCounter = (clock: () => number, most = 60, windowMs = 60_000) => {
  let count = 0
  let until = 0
  return (): boolean => {
    if (clock() >= until) {
      count = 0
      until = clock() + windowMs
    }
    return ++count > most
  }
}

const refused = (code: string, field: string, expected: string, found = 'none') =>
  new HopError(code, { field, expected, found: found.slice(0, 200) })
