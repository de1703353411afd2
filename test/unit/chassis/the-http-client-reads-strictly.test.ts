import { expect, test } from 'vitest'
import { failureOf } from '../../../services/chassis/failures.ts'
import type { Fields } from '../../../services/chassis/http-client-head.ts'
import { ResponseParser } from '../../../services/chassis/http-client-parser.ts'

type Read = { status: number[]; body: string; trailers: Fields | undefined; surplus: boolean; persistent: boolean }

/** What a parser makes of these bytes, given in parts of `size`. */
const read = (text: string, size: number, method = 'GET'): Read => {
  const seen: Read = { status: [], body: '', trailers: undefined, surplus: false, persistent: false }
  const parser = new ResponseParser({
    onHead({ status, persistent }) {
      seen.status.push(status)
      seen.persistent = persistent
    },
    onBody(bytes) {
      seen.body += bytes.toString('latin1')
    },
    onEnd(trailers, surplus) {
      seen.trailers = { ...trailers }
      seen.surplus = surplus
    },
  })
  parser.expect(method)
  const bytes = Buffer.from(text, 'latin1')
  for (let at = 0; at < bytes.length; at += size) parser.read(bytes.subarray(at, at + size))
  if (parser.endsHere()) seen.trailers = {}
  return seen
}

const chunked = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n'
const answers: [name: string, text: string, expected: Partial<Read>, method?: string][] = [
  ['a length', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello', { status: [200], body: 'hello', persistent: true }],
  ['no reason', 'HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n', { status: [200], body: '' }],
  ['chunks', `${chunked}5\r\nhello\r\n00B;a="b"\r\n, you there\r\n0\r\n\r\n`, { body: 'hello, you there' }],
  ['trailers', `${chunked}1\r\nx\r\n0\r\nA: 1\r\nb:2\r\na: 3\r\n\r\n`, { trailers: { a: ['1', '3'], b: '2' } }],
  [
    'hints first',
    'HTTP/1.1 103 H\r\nLink: </a>\r\n\r\nHTTP/1.1 204 N\r\n\r\n',
    { status: [103, 204], persistent: true },
  ],
  ['a 204 that promises a body', 'HTTP/1.1 204 N\r\nContent-Length: 4\r\n\r\n', { body: '', persistent: false }],
  ['an answer to HEAD', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n', { body: '', persistent: true }, 'HEAD'],
  ['not modified', 'HTTP/1.1 304 N\r\nContent-Length: 5\r\n\r\n', { body: '', persistent: true }],
  ['until the end', 'HTTP/1.1 200 OK\r\nA: b\r\n\r\nhello', { body: 'hello', persistent: false, trailers: {} }],
  ['HTTP/1.0', 'HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx', { body: 'x', persistent: false }],
  ['close', 'HTTP/1.1 200 OK\r\nConnection: a , Close\r\nContent-Length: 0\r\n\r\n', { persistent: false }],
]

test.each(answers)('%s, in one part or in many', (_name, text, expected, method) => {
  for (const size of [text.length, 7, 3, 2, 1]) {
    const seen = read(text, size, method)
    expect(seen, `in parts of ${size}`).toMatchObject({ trailers: {}, surplus: false, ...expected })
  }
})

test.each([
  ['after a length', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nxHTTP/1.1 200 OK\r\n'],
  ['after no body', 'HTTP/1.1 204 N\r\n\r\nx'],
  ['after chunks', `${chunked}0\r\n\r\nx`],
  ['after an answer to HEAD', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx', 'HEAD'],
])('bytes %s are told as surplus, and not read', (_name, text, method?: string) => {
  expect(read(text, text.length, method)).toMatchObject({ surplus: true, status: [expect.any(Number)] })
})

const head = (line: string) => `HTTP/1.1 200 OK\r\n${line}\r\nX: y\r\n\r\n`
const unclean: [name: string, text: string][] = [
  ['CL and TE', head('Content-Length: 5\r\nTransfer-Encoding: chunked')],
  ['two CL', head('Content-Length: 5\r\ncontent-length: 5')],
  ['a list of CL', head('Content-Length: 5, 5')],
  ['a signed CL', head('Content-Length: +5')],
  ['a CL in hex', head('Content-Length: 0x5')],
  ['an empty CL', head('Content-Length:')],
  ['an endless CL', head('Content-Length: 1000000000000000')],
  ['TE twice', head('Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked')],
  ['TE in HTTP/1.0', 'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'],
  ['another TE', head('Transfer-Encoding: identity')],
  ['TE with a vertical tab', head('Transfer-Encoding: \x0bchunked')],
  ['TE with a no-break space', head('Transfer-Encoding: chunked\xa0')],
  ['a folded line', head('A: b\r\n c')],
  ['a fold at once', head(' A: b')],
  ['a blank before the colon', head('A : b')],
  ['an empty name', head(': b')],
  ['no colon', head('A')],
  ['a bare LF between lines', head('A: b\nC: d')],
  ['a bare CR in a value', head('A: b\rC: d')],
  ['a NUL', head('A: b\0')],
  ['a name beyond ASCII', head('\xe4: b')],
  ['201 headers', head('A: b\r\n'.repeat(200).slice(0, -2))],
  ['a lower-case version', 'http/1.1 200 OK\r\n\r\n'],
  ['a version of another digit', 'HTTP/1.2 200 OK\r\n\r\n'],
  ['a status of two digits', 'HTTP/1.1 20 OK\r\n\r\n'],
  ['a status of four digits', 'HTTP/1.1 2000 OK\r\n\r\n'],
  ['a status beyond 599', 'HTTP/1.1 600 OK\r\n\r\n'],
  ['two blanks', 'HTTP/1.1  200 OK\r\n\r\n'],
  ['a line before', '\r\nHTTP/1.1 200 OK\r\n\r\n'],
  ['a change of protocol', 'HTTP/1.1 101 S\r\nUpgrade: x\r\n\r\n'],
  ['CRLF that never comes', 'HTTP/1.1 200 OK\nContent-Length: 0\n\n'],
  ['a size that is no number', `${chunked}x\r\n`],
  ['no size', `${chunked}\r\n`],
  ['a size with 0x', `${chunked}0x1\r\nx\r\n0\r\n\r\n`],
  ['a signed size', `${chunked}+1\r\nx\r\n0\r\n\r\n`],
  ['a blank after the size', `${chunked}1 \r\nx\r\n0\r\n\r\n`],
  ['a blank before the size', `${chunked} 1\r\nx\r\n0\r\n\r\n`],
  ['a size that overflows', `${chunked}10000000000000001\r\nx\r\n0\r\n\r\n`],
  ['a size ended by LF', `${chunked}1\nx\r\n0\r\n\r\n`],
  ['a CR in an extension', `${chunked}1;a\rb\r\nx\r\n0\r\n\r\n`],
  ['a long extension', `${chunked}1;${'a'.repeat(400)}\r\nx\r\n0\r\n\r\n`],
  ['many extensions', chunked + `1;${'a'.repeat(200)}\r\nx\r\n`.repeat(30)],
  ['a chunk that is longer than it said', `${chunked}1\r\nxy\r\n0\r\n\r\n`],
  ['a chunk that is closed by LF', `${chunked}1\r\nx\n0\r\n\r\n`],
  ['a trailer that is closed by LF', `${chunked}0\r\nA: b\n\r\n\r\n`],
  ['a trailer that is no field', `${chunked}0\r\nA b\r\n\r\n`],
  ['endless trailers', `${chunked}0\r\n${`A: ${'b'.repeat(1000)}\r\n`.repeat(20)}`],
]

test.each(unclean)('%s is refused, in one part or in many', (_name, text) => {
  for (const size of [text.length, 5, 1]) {
    const thrown = caught(() => read(text, size))
    expect(failureOf(thrown), `in parts of ${size}`).toMatchObject({ name: 'bad-response', code: 'bad-response' })
  }
})

test.each([
  ['one line', `HTTP/1.1 200 OK\r\nA: ${'b'.repeat(17_000)}\r\n\r\n`],
  ['many lines', `HTTP/1.1 200 OK\r\n${'A: b\r\n'.repeat(3_000)}\r\n`],
  ['no end', `HTTP/1.1 200 OK\r\nA: ${'b'.repeat(17_000)}`],
])('a head of more than 16 KB is refused: %s', (_name, text) => {
  for (const size of [text.length, 1000, 1]) expect(caught(() => read(text, size))).toBeInstanceOf(Error)
})

const caught = (run: () => unknown): unknown => {
  try {
    return void run()
  } catch (error) {
    return error
  }
}
