import { afterEach, describe, expect, test } from 'vitest'
import { sendProblem } from '../../../services/chassis/problem.ts'
import { exchange, type HopOptions, type Started, startHop, startTcp, statuses } from './hop.ts'
import { startRecorder } from './recorder.ts'

const open: Started[] = []
afterEach(async () => {
  for (const started of open.splice(0).reverse()) await started.close()
})
const kept = <T extends Started>(started: T): T => {
  open.push(started)
  return started
}

/** A hop in front of a backend that answers every request with these bytes, and then ends the connection if told so. */
const behind = async (answer: string, options: Partial<HopOptions> & { end?: boolean } = {}) => {
  const backend = kept(
    await startTcp(socket =>
      socket.on('data', () => {
        socket.write(Buffer.from(answer, 'latin1'))
        if (options.end) socket.end()
      }),
    ),
  )
  return kept(await startHop({ backend: backend.port, ...options }))
}

const get = (method = 'GET', lines = '') => `${method} /a HTTP/1.1\r\nHost: x.test\r\nConnection: close\r\n${lines}\r\n`
const bodyOf = (answer: string) => answer.slice(answer.indexOf('\r\n\r\n') + 4)
const problemIn = (answer: string) => JSON.parse(bodyOf(answer))

describe('an answer', () => {
  test('keeps status, headers as they were sent, several Set-Cookie, and gets Via', async () => {
    const hop = await behind(
      'HTTP/1.1 418 Odd\r\nX-CaSe: a\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nContent-Length: 2\r\n\r\nok',
    )
    const answer = await exchange(hop.port, get())
    expect(answer).toMatch(/^HTTP\/1\.1 418 /)
    expect(answer).toContain('\r\nX-CaSe: a\r\n')
    expect(answer).toContain('\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n')
    expect(answer).toContain('\r\nvia: 1.1 hop\r\n')
    expect(bodyOf(answer)).toBe('ok')
  })

  test('tells the request id at an ingress, ours whatever the upstream says, and leaves the upstream’s alone further in', async () => {
    const theirs = 'HTTP/1.1 200 OK\r\nX-Request-ID: theirs\r\nContent-Length: 2\r\n\r\nok'
    const told = (answer: string) => [...answer.matchAll(/x-request-id: (\S+)/gi)].map(([, id]) => id)
    const edge = await behind(theirs, { context: { ingress: true } })
    expect(told(await exchange(edge.port, get()))).toEqual(['request-0001'])
    const inner = await behind(theirs, { context: { ingress: false } })
    expect(told(await exchange(inner.port, get()))).toEqual(['theirs'])
    const failing = await behind('nonsense', { context: { ingress: true } })
    expect(told(await exchange(failing.port, get()))).toEqual(['request-0001'])
  })

  test('loses its hop-by-hop headers and those its Connection names', async () => {
    const hop = await behind(
      'HTTP/1.1 200 OK\r\nConnection: close, X-Private\r\nX-Private: 1\r\nKeep-Alive: timeout=9\r\nProxy-Authenticate: x\r\nX-Public: 2\r\nContent-Length: 2\r\n\r\nok',
    )
    const answer = await exchange(hop.port, get())
    expect(answer).not.toMatch(/x-private|keep-alive|proxy-auth/i)
    expect(answer).toContain('\r\nX-Public: 2\r\n')
  })

  test('gets the headers this hop sets, in place of the upstream’s', async () => {
    const hop = await behind('HTTP/1.1 200 OK\r\nX-Set: theirs\r\nContent-Length: 2\r\n\r\nok', {
      forward: { answerHeaders: ['x-set', 'ours'] },
    })
    const answer = await exchange(hop.port, get())
    expect([...answer.matchAll(/x-set: (\w+)/gi)].map(([, value]) => value)).toEqual(['ours'])
  })

  test('to HEAD has its length and no body', async () => {
    const hop = await behind('HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n')
    const answer = await exchange(hop.port, get('HEAD'))
    expect(answer).toMatch(/content-length: 1234/i)
    expect(bodyOf(answer)).toBe('')
  })

  test.each([
    ['204', 'HTTP/1.1 204 No Content\r\nX-A: b\r\n\r\n'],
    ['304', 'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\nContent-Length: 1234\r\n\r\n'],
  ])('%s has no body and the next request on the connection is answered', async (status, bytes) => {
    const hop = await behind(bytes)
    const answer = await exchange(hop.port, `GET /a HTTP/1.1\r\nHost: x.test\r\n\r\n${get()}`)
    expect(statuses(answer)).toEqual([Number(status), Number(status)])
  })

  test('in chunks comes through in chunks, with its trailers', async () => {
    const hop = await behind(
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n3\r\nabc\r\n3\r\ndef\r\n0\r\nX-Sum: 6\r\nContent-Length: 1\r\n\r\n'.replace(
        'Content-Length: 1\r\n',
        '',
      ),
    )
    const answer = await exchange(hop.port, get())
    expect(answer).toMatch(/transfer-encoding: chunked/i)
    expect(bodyOf(answer)).toMatch(/^3\r\nabc\r\n3\r\ndef\r\n0\r\nx-sum: 6\r\n\r\n$/i)
  })

  test('that ends with its connection comes through whole', async () => {
    const hop = await behind('HTTP/1.1 200 OK\r\n\r\nabcdef', { end: true })
    expect(bodyOf(await exchange(hop.port, get()))).toBe('6\r\nabcdef\r\n0\r\n\r\n')
  })

  test('is not chunked for an HTTP/1.0 client', async () => {
    const hop = await behind('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n')
    const answer = await exchange(hop.port, 'GET /a HTTP/1.0\r\nHost: x.test\r\n\r\n')
    expect(bodyOf(answer)).toBe('abc')
    expect(answer).not.toMatch(/transfer-encoding/i)
  })

  test('may follow early hints, which come through', async () => {
    const hop = await behind(
      'HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload; as=style\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
    )
    const answer = await exchange(hop.port, get())
    expect(statuses(answer)).toEqual([103, 200])
    expect(answer).toMatch(/link: <\/a\.css>; rel=preload; as=style/i)
  })

  test('begins before its body does', async () => {
    const backend = kept(
      await startTcp(socket => socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n'))),
    )
    const hop = kept(await startHop({ backend: backend.port }))
    const answer = await exchange(hop.port, get(), text => text.includes('\r\n\r\n'))
    expect(statuses(answer)).toEqual([200])
  })
})

const denied = { status: 403, name: 'denied', detail: 'no' }

test('100 Continue is said when the body is wanted, not before', async () => {
  const backend = kept(await startRecorder())
  const hop = kept(await startHop({ backend: backend.port }))
  const head =
    'POST /a HTTP/1.1\r\nHost: x.test\r\nExpect: 100-continue\r\nContent-Length: 5\r\nConnection: close\r\n\r\n'
  const waited = await exchange(hop.port, head, text => text.includes('\r\n\r\n'))
  expect(statuses(waited)).toEqual([100])
  expect(statuses(await exchange(hop.port, `${head}12345`))).toEqual([100, 200])
  expect(backend.requests.at(-1)).toMatchObject({ line: 'POST /a HTTP/1.1', body: '12345' })

  const denying = kept(
    await startHop({ backend: backend.port, onRequest: (_request, response) => sendProblem(response, denied) }),
  )
  expect(statuses(await exchange(denying.port, head))).toEqual([403])
})

const refusals: [name: string, bytes: string][] = [
  ['CL and TE', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
  ['TE and CL', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n'],
  ['two CL', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello'],
  ['CL that is a list', 'HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\nhello'],
  ['CL that is no number', 'HTTP/1.1 200 OK\r\nContent-Length: 5x\r\n\r\nhello'],
  ['CL that is negative', 'HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello'],
  ['an unknown coding', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nhello'],
  ['a coding before chunked', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n'],
  ['a folded header', 'HTTP/1.1 200 OK\r\nX-A: b\r\n c\r\nContent-Length: 0\r\n\r\n'],
  ['bare LF', 'HTTP/1.1 200 OK\nContent-Length: 0\n\n'],
  ['a bare CR in a value', 'HTTP/1.1 200 OK\r\nX-A: b\rc\r\nContent-Length: 0\r\n\r\n'],
  ['a NUL in a value', 'HTTP/1.1 200 OK\r\nX-A: b\0c\r\nContent-Length: 0\r\n\r\n'],
  ['a space before a colon', 'HTTP/1.1 200 OK\r\nContent-Length : 0\r\n\r\n'],
  ['another protocol', 'SSH-2.0-OpenSSH_9.6\r\n'],
  ['an HTTP version nobody speaks', 'HTTP/3.1 200 OK\r\nContent-Length: 0\r\n\r\n'],
  ['a status that is no number', 'HTTP/1.1 2x0 OK\r\nContent-Length: 0\r\n\r\n'],
  ['a status below 100', 'HTTP/1.1 042 OK\r\nContent-Length: 0\r\n\r\n'],
  [
    'a switch of protocols nobody asked for',
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n',
  ],
  ['300 KB of headers', `HTTP/1.1 200 OK\r\nX-A: ${'a'.repeat(300_000)}\r\nContent-Length: 0\r\n\r\n`],
]

test.each(refusals)('an upstream that answers with %s is 502', async (name, bytes) => {
  const hop = await behind(bytes)
  const answer = await exchange(hop.port, get())
  expect(statuses(answer)).toEqual([502])
  const problem = problemIn(answer)
  const failure = /switch|300 KB/.test(name) ? expect.any(String) : 'bad-response'
  expect(problem).toMatchObject({ status: 502, requestId: 'request-0001', failure })
  expect(bodyOf(answer)).not.toMatch(/127\.0\.0\.1|HPE|UND_ERR/)
})
