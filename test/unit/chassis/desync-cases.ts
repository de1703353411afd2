/**
 * One case: bytes a client sends on a connection of its own, and what must come of it.
 * `refused`: this status and, where the answer has a body, this failure; nothing reaches the backend.
 * `passes`: these request lines reach the backend, each with this body, and nothing else does.
 * `cut`: the request may begin to reach the backend but is never completed there; the client gets this status.
 */
export type Case = { name: string; bytes: string } & (
  | { refused: number; failure: string }
  | { passes: [line: string, body: string][] }
  | { cut: number; failure: string }
)

const smuggled = 'GET /smuggled HTTP/1.1\r\nHost: x.test\r\n\r\n'
const head = (lines: string[], method = 'POST', target = '/a') =>
  `${method} ${target} HTTP/1.1\r\nHost: x.test\r\n${lines.map(line => `${line}\r\n`).join('')}\r\n`
const get = (target: string) => head([], 'GET', target)

const refused = (name: string, bytes: string, failure: string, status = 400): Case => ({
  name,
  bytes,
  refused: status,
  failure,
})
const passes = (name: string, bytes: string, ...lines: [string, string][]): Case => ({ name, bytes, passes: lines })
const cut = (name: string, bytes: string, failure: string, status = 400): Case => ({
  name,
  bytes,
  cut: status,
  failure,
})

const chunked = (body: string) => head(['Transfer-Encoding: chunked']) + body
const unclear = (coding: string) =>
  refused(
    `Transfer-Encoding: ${JSON.stringify(coding)}`,
    `${head([`Transfer-Encoding: ${coding}`])}0\r\n\r\n${smuggled}`,
    'transfer-encoding-unclear',
  )
const badLength = (length: string) =>
  refused(
    `Content-Length: ${JSON.stringify(length)}`,
    `${head([`Content-Length: ${length}`])}12345${smuggled}`,
    'content-length-unclear',
  )
const badTarget = (target: string, failure = 'target-unclear') =>
  refused(`target ${JSON.stringify(target)}`, get(target), failure)
const badHost = (host: string) =>
  refused(`Host: ${JSON.stringify(host)}`, `GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`, 'host-unclear')

/** Content-Length and Transfer-Encoding in conflict, twice, or misspelt. */
const framing: Case[] = [
  refused('CL and TE', `${head(['Content-Length: 6', 'Transfer-Encoding: chunked'])}0\r\n\r\n${smuggled}`, '*'),
  refused('TE and CL', `${head(['Transfer-Encoding: chunked', 'Content-Length: 6'])}0\r\n\r\n${smuggled}`, '*'),
  refused('CL 0 and TE', `${head(['Content-Length: 0', 'Transfer-Encoding: chunked'])}0\r\n\r\n${smuggled}`, '*'),
  refused('CL and TE on a GET', `${head(['Content-Length: 0', 'Transfer-Encoding: chunked'], 'GET')}0\r\n\r\n`, '*'),
  refused(
    'two different CL',
    `${head(['Content-Length: 5', 'Content-Length: 6'])}12345${smuggled}`,
    'content-length-unclear',
  ),
  refused('the same CL twice', `${head(['Content-Length: 5', 'Content-Length: 5'])}12345`, 'content-length-unclear'),
  refused('CL and cL', `${head(['Content-Length: 5', 'content-length: 0'])}12345`, 'content-length-unclear'),
  badLength('5, 5'),
  badLength('5,6'),
  badLength('+5'),
  badLength('-5'),
  badLength('0x5'),
  badLength('5 5'),
  badLength('5;'),
  badLength('1e1'),
  badLength('5.0'),
  badLength(''),
  badLength('\x0b5'),
  badLength('"5"'),
  badLength('99999999999999999999999'),
  badLength('18446744073709551621'),
  unclear('gzip, chunked'),
  unclear('chunked, chunked'),
  unclear('chunked, identity'),
  unclear('identity'),
  unclear('identity, chunked'),
  unclear('gzip'),
  unclear('xchunked'),
  unclear('chunkedx'),
  unclear('chunked;q=1'),
  unclear('"chunked"'),
  unclear('chunked,'),
  unclear(', chunked'),
  unclear(''),
  refused(
    'vertical tab before chunked',
    `${head(['Transfer-Encoding: \x0bchunked'])}0\r\n\r\n${smuggled}`,
    'bad-request',
  ),
  refused('TE twice', `${head(['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'])}0\r\n\r\n${smuggled}`, '*'),
  refused(
    'TE twice, one identity',
    `${head(['Transfer-Encoding: chunked', 'Transfer-Encoding: identity'])}0\r\n\r\n`,
    '*',
  ),
  refused(
    'TE in HTTP/1.0',
    `POST /a HTTP/1.0\r\nHost: x.test\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${smuggled}`,
    '*',
  ),
  refused(
    'space before the colon of TE',
    `${head(['Transfer-Encoding : chunked'])}0\r\n\r\n${smuggled}`,
    'bad-request',
  ),
  refused('space before the colon of CL', `${head(['Content-Length : 5'])}12345`, 'bad-request'),
  refused('tab before a colon', head(['X-A\t: 1'], 'GET'), 'bad-request'),
  refused('TE folded', `${head(['Transfer-Encoding:\r\n chunked'])}0\r\n\r\n${smuggled}`, '*'),
  refused(
    'TE hidden behind a folded header',
    head(['X-A: b\r\n Transfer-Encoding: chunked']) + smuggled,
    'bad-request',
  ),
  refused('TE behind a bare CR', `${head(['X-A: b\rTransfer-Encoding: chunked'])}0\r\n\r\n${smuggled}`, 'bad-request'),
  refused('TE behind a bare LF', `${head(['X-A: b\nTransfer-Encoding: chunked'])}0\r\n\r\n${smuggled}`, 'bad-request'),
  refused('TE with a NUL in its name', head(['Transfer-\0Encoding: chunked']) + smuggled, 'bad-request'),
  refused('TE with a high byte in its name', head(['Transfer-Encodin\xe7: chunked']) + smuggled, 'bad-request'),
  refused('leading space before TE', `${head([' Transfer-Encoding: chunked'])}0\r\n\r\n${smuggled}`, 'bad-request'),
  passes('TE in capitals', `${head(['TRANSFER-ENCODING: CHUNKED', 'Connection: close'])}3\r\nabc\r\n0\r\n\r\n`, [
    'POST /a',
    'abc',
  ]),
  passes(
    'Transfer_Encoding is no framing and goes nowhere',
    `${head(['Content-Length: 5', 'Transfer_Encoding: chunked', 'Connection: close'])}12345`,
    ['POST /a', '12345'],
  ),
]

/** Chunks whose size or end two readers could take differently. */
const chunks: Case[] = [
  cut('chunk size with 0x', chunked(`0x3\r\nabc\r\n0\r\n\r\n${smuggled}`), '*'),
  cut('negative chunk size', chunked(`-3\r\nabc\r\n0\r\n\r\n${smuggled}`), '*'),
  cut('chunk size with a plus', chunked(`+3\r\nabc\r\n0\r\n\r\n${smuggled}`), '*'),
  cut('empty chunk size', chunked(`\r\nabc\r\n0\r\n\r\n${smuggled}`), '*'),
  cut('chunk size with an underscore', chunked(`1_0\r\nabc\r\n0\r\n\r\n${smuggled}`), '*'),
  cut('chunk size that overflows 64 bits', chunked(`10000000000000003\r\nabc\r\n0\r\n\r\n${smuggled}`), '*'),
  cut('space before a chunk size', chunked(` 3\r\nabc\r\n0\r\n\r\n${smuggled}`), '*'),
  cut('space after a chunk size', chunked(`3 \r\nabc\r\n0\r\n\r\n${smuggled}`), '*'),
  cut('chunk size ended by a bare LF', chunked(`3\nabc\r\n0\r\n\r\n${smuggled}`), '*'),
  cut('chunk size ended by a bare CR', chunked(`3\rabc\r\n0\r\n\r\n${smuggled}`), '*'),
  cut('chunk data longer than its size', chunked(`3\r\nabcd\r\n0\r\n\r\n${smuggled}`), '*'),
  cut('chunk data ended by a bare LF', chunked(`3\r\nabc\n0\r\n\r\n${smuggled}`), '*'),
  cut('chunk data without an end', chunked(`3\r\nabc0\r\n\r\n${smuggled}`), '*'),
  cut('bare LF in a chunk extension', chunked(`3;a\nb\r\nabc\r\n0\r\n\r\n${smuggled}`), '*'),
  cut('bare CR in a chunk extension', chunked(`3;a\rb\r\nabc\r\n0\r\n\r\n${smuggled}`), '*'),
  cut('NUL in a chunk extension', chunked(`3;a\0b\r\nabc\r\n0\r\n\r\n${smuggled}`), '*'),
  cut(
    '20 KB of chunk extension',
    chunked(`3;${'a'.repeat(20_000)}\r\nabc\r\n0\r\n\r\n`),
    'chunk-extensions-too-large',
    413,
  ),
  cut('last chunk ended by a bare LF', chunked(`3\r\nabc\r\n0\n\n${smuggled}`), '*'),
  cut('a bad trailer', chunked('3\r\nabc\r\n0\r\nX A: b\r\n\r\n'), '*'),
  cut('a folded trailer', chunked('3\r\nabc\r\n0\r\nX-A: b\r\n c\r\n\r\n'), '*'),
  cut(
    'a Content-Length in the trailers',
    chunked(`3\r\nabc\r\n0\r\nContent-Length: 50\r\n\r\n${smuggled}`),
    'content-length-unclear',
  ),
  passes(
    'trailers end here',
    `${head(['Transfer-Encoding: chunked', 'Connection: close'])}3\r\nabc\r\n0\r\nX-A: b\r\n\r\n`,
    ['POST /a', 'abc'],
  ),
  passes(
    'chunk extensions end here',
    `${head(['Transfer-Encoding: chunked', 'Connection: close'])}3;a=b\r\nabc\r\n0\r\n\r\n`,
    ['POST /a', 'abc'],
  ),
  passes(
    'leading zeros in a chunk size',
    `${head(['Transfer-Encoding: chunked', 'Connection: close'])}003\r\nabc\r\n00\r\n\r\n`,
    ['POST /a', 'abc'],
  ),
]

/** Lines and headers that are not what RFC 9112 §2 and §5 say. */
const lines: Case[] = [
  refused('bare LF everywhere', 'GET /a HTTP/1.1\nHost: x.test\n\n', 'bad-request'),
  refused('bare LF after the request line', 'GET /a HTTP/1.1\nHost: x.test\r\n\r\n', 'bad-request'),
  refused('bare LF at the end of the headers', 'GET /a HTTP/1.1\r\nHost: x.test\r\n\n', 'bad-request'),
  refused('bare CR in a value', head(['X-A: b\rc'], 'GET'), 'bad-request'),
  refused('obs-fold with a space', head(['X-A: b\r\n c'], 'GET'), 'bad-request'),
  refused('obs-fold with a tab', head(['X-A: b\r\n\tc'], 'GET'), 'bad-request'),
  refused('obs-fold as the first header', 'GET /a HTTP/1.1\r\n X-A: b\r\nHost: x.test\r\n\r\n', 'bad-request'),
  refused('a header without a colon', head(['X-A'], 'GET'), 'bad-request'),
  refused('an empty header name', head([': b'], 'GET'), 'bad-request'),
  refused('a space inside a header name', head(['X A: b'], 'GET'), 'bad-request'),
  refused('NUL in a value', head(['X-A: a\0b'], 'GET'), 'bad-request'),
  refused('a control character in a value', head(['X-A: a\x01b'], 'GET'), 'bad-request'),
  passes('two spaces in the request line become one', 'GET  /a HTTP/1.1\r\nHost: x.test\r\nConnection: close\r\n\r\n', [
    'GET /a',
    '',
  ]),
  refused('a tab in the request line', 'GET\t/a HTTP/1.1\r\nHost: x.test\r\n\r\n', 'bad-request'),
  refused('text after the version', 'GET /a HTTP/1.1 x\r\nHost: x.test\r\n\r\n', 'bad-request'),
  refused('HTTP/0.9', 'GET /a\r\n\r\n', 'version-not-spoken', 505),
  refused('HTTP/2.0 in an HTTP/1.1 request', 'GET /a HTTP/2.0\r\nHost: x.test\r\n\r\n', 'version-not-spoken', 505),
  refused('HTTP/1.2', 'GET /a HTTP/1.2\r\nHost: x.test\r\n\r\n', '*'),
  refused('HTTP/11.1', 'GET /a HTTP/11.1\r\nHost: x.test\r\n\r\n', 'bad-request'),
  refused('http/1.1 in small letters', 'GET /a http/1.1\r\nHost: x.test\r\n\r\n', 'bad-request'),
  refused('h2c by prior knowledge', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', '*'),
  refused('a space before the method', ' GET /a HTTP/1.1\r\nHost: x.test\r\n\r\n', 'bad-request'),
  refused('a method in small letters', 'get /a HTTP/1.1\r\nHost: x.test\r\n\r\n', 'bad-request'),
  refused('TLS to a plaintext port', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 'bad-request'),
  refused('1 MB of headers', head([`X-A: ${'a'.repeat(1_000_000)}`], 'GET'), 'headers-too-large', 431),
  refused('17 KB in many headers', head(Array(400).fill(`X-A: ${'a'.repeat(40)}`), 'GET'), 'headers-too-large', 431),
  refused('a target of 20 KB', get(`/${'a'.repeat(20_000)}`), 'headers-too-large', 431),
  passes('one empty line before the request', `\r\n${head(['Connection: close'], 'GET')}`, ['GET /a', '']),
]

/** Methods, targets and hosts. */
const addressing: Case[] = [
  refused('no Host', 'GET /a HTTP/1.1\r\n\r\n', 'host-unclear'),
  refused('two Hosts', 'GET /a HTTP/1.1\r\nHost: x.test\r\nHost: y.test\r\n\r\n', 'host-ambiguous'),
  refused('the same Host twice', 'GET /a HTTP/1.1\r\nHost: x.test\r\nhost: x.test\r\n\r\n', 'host-ambiguous'),
  badHost(''),
  badHost('x.test, y.test'),
  badHost('x.test/y'),
  badHost('user@x.test'),
  badHost('x test'),
  badHost('x.test:80:80'),
  badHost('x.test:http'),
  badHost('x.test#'),
  badHost('x.test\\y'),
  refused('absolute-form for another host', 'GET http://y.test/a HTTP/1.1\r\nHost: x.test\r\n\r\n', 'target-mismatch'),
  refused(
    'absolute-form with userinfo',
    'GET http://x.test@y.test/a HTTP/1.1\r\nHost: x.test\r\n\r\n',
    'target-mismatch',
  ),
  refused('absolute-form of another scheme', 'GET ftp://x.test/a HTTP/1.1\r\nHost: x.test\r\n\r\n', 'target-unclear'),
  passes(
    'absolute-form becomes origin-form',
    'GET http://x.test/a?b HTTP/1.1\r\nHost: x.test\r\nConnection: close\r\n\r\n',
    ['GET /a?b', ''],
  ),
  badTarget('a', 'bad-request'),
  badTarget('*'),
  badTarget('/a#b'),
  badTarget('/a\\b'),
  badTarget('/a%zz'),
  badTarget('/a%'),
  badTarget('/a"b'),
  badTarget('/a<b>', 'target-unclear'),
  badTarget('/\xe9', 'bad-request'),
  badTarget('/a\x7fb', '*'),
  badTarget('/a\0b', '*'),
  badTarget('/a\x0bb', '*'),
  refused('CONNECT', 'CONNECT y.test:443 HTTP/1.1\r\nHost: y.test:443\r\n\r\n', 'method-refused', 405),
  refused('TRACE', head([], 'TRACE'), 'method-refused', 405),
  refused('PROPFIND', head([], 'PROPFIND'), 'method-unknown', 501),
  refused('an invented method', head([], 'SMUGGLE'), 'bad-request'),
  refused('OPTIONS *', head([], 'OPTIONS', '*'), 'target-unclear'),
  refused(
    'upgrade to h2c',
    head(['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABk'], 'GET'),
    'upgrade-refused',
  ),
  refused(
    'upgrade to websocket',
    head(['Connection: Upgrade', 'Upgrade: websocket'], 'GET') + smuggled,
    'upgrade-refused',
  ),
  refused('Upgrade that Connection does not name', head(['Upgrade: h2c'], 'GET'), 'upgrade-refused'),
  refused('an expectation nobody knows', head(['Expect: 200-ok', 'Content-Length: 0']), 'expectation-unknown', 417),
]

/** Where one request ends and the next begins. */
const boundaries: Case[] = [
  passes(
    'two requests in one packet',
    get('/a') + head(['Connection: close'], 'GET', '/b'),
    ['GET /a', ''],
    ['GET /b', ''],
  ),
  passes(
    'a body that looks like a request',
    head([`Content-Length: ${smuggled.length}`, 'Connection: close']) + smuggled,
    ['POST /a', smuggled],
  ),
  passes('nothing after Connection: close', head(['Connection: close'], 'GET') + smuggled, ['GET /a', '']),
  passes('a GET with a body', `${head(['Content-Length: 3', 'Connection: close'], 'GET')}abc`, ['GET /a', 'abc']),
  passes('a DELETE with a body', `${head(['Content-Length: 3', 'Connection: close'], 'DELETE')}abc`, [
    'DELETE /a',
    'abc',
  ]),
  passes('a POST with an empty body', head(['Content-Length: 0', 'Connection: close']), ['POST /a', '']),
  passes('a POST without any framing has no body', `${head(['Connection: close'])}abc`, ['POST /a', '']),
  passes('garbage after a good request', `${get('/a')}\x00\x01garbage`, ['GET /a', '']),
  passes('HTTP/1.0 without a Host', 'GET /a HTTP/1.0\r\n\r\n', ['GET /a', '']),
  passes('Connection naming Content-Length', `${head(['Content-Length: 3', 'Connection: close, content-length'])}abc`, [
    'POST /a',
    'abc',
  ]),
]

export const desyncCases: Case[] = [...framing, ...chunks, ...lines, ...addressing, ...boundaries]
