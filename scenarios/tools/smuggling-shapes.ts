/** A request line, header lines and what follows them, written exactly like this. */
type Parts = { method: string; target: string; lines: readonly string[] }

/** A request that two readers may end at different places; `smuggled` is what only one of them takes for a request. */
export type Shape = { name: string; bytes(parts: Parts, smuggled: string): string }

const head = ({ method, target, lines }: Parts, framing: readonly string[], version = '1.1') =>
  `${method} ${target} HTTP/${version}\r\n${[...lines, ...framing].map(line => `${line}\r\n`).join('')}\r\n`

/** These framing headers, an end of chunks, then the smuggled request. */
const hidden = (name: string, ...framing: string[]): Shape => ({
  name,
  bytes: (parts, smuggled) => `${head(parts, framing)}0\r\n\r\n${smuggled}`,
})

const chunked = (name: string, body: (smuggled: string) => string): Shape => ({
  name,
  bytes: (parts, smuggled) => head(parts, ['Transfer-Encoding: chunked']) + body(smuggled),
})

const te = 'Transfer-Encoding: chunked'

/**
 * What has fooled real pairs of proxies and servers: RFC 9112 §6.1, §6.3, §7.1 and §11.2 say how each is to be read, and
 * that what stays ambiguous is to be refused.
 */
export const smugglingShapes: readonly Shape[] = [
  {
    name: 'CL.TE',
    bytes: (parts, smuggled) => `${head(parts, [`Content-Length: ${5 + smuggled.length}`, te])}0\r\n\r\n${smuggled}`,
  },
  {
    name: 'TE.CL',
    bytes: (parts, smuggled) => {
      const size = smuggled.length.toString(16)
      return `${head(parts, [te, `Content-Length: ${size.length + 2}`])}${size}\r\n${smuggled}\r\n0\r\n\r\n`
    },
  },
  hidden('TE.TE, the second unknown', te, 'Transfer-Encoding: x'),
  hidden('TE misspelt', 'Content-Length: 5', 'Transfer-Encoding: xchunked'),
  hidden('space before the colon', 'Content-Length: 5', 'Transfer-Encoding : chunked'),
  hidden('vertical tab before the value', 'Content-Length: 5', 'Transfer-Encoding:\x0bchunked'),
  hidden('TE on a folded line', 'Content-Length: 5', 'Transfer-Encoding:\r\n chunked'),
  hidden('TE behind a bare LF', 'Content-Length: 5', 'X-A: b\nTransfer-Encoding: chunked'),
  hidden('NUL in a name', 'Content-Length: 5', 'Transfer\0-Encoding: chunked'),
  hidden('two lengths', 'Content-Length: 5', 'Content-Length: 6'),
  hidden('a list of lengths', 'Content-Length: 5, 5'),
  {
    name: 'TE in HTTP/1.0',
    bytes: (parts, smuggled) => `${head(parts, [te, 'Connection: keep-alive'], '1.0')}0\r\n\r\n${smuggled}`,
  },
  chunked('a chunk size beyond 64 bits', smuggled => `10000000000000000\r\n\r\n0\r\n\r\n${smuggled}`),
  chunked('a chunk extension with a bare LF', smuggled => `2;a\nb\r\n{}\r\n0\r\n\r\n${smuggled}`),
  chunked('a chunk longer than it says', smuggled => `1\r\n{}\r\n0\r\n\r\n${smuggled}`),
  chunked('a length in the trailers', smuggled => `2\r\n{}\r\n0\r\nContent-Length: 50\r\n\r\n${smuggled}`),
  {
    name: 'absolute-form for another host',
    bytes: (parts, smuggled) =>
      head({ ...parts, method: 'GET', target: `http://other.example${smuggled.split(' ')[1]}` }, []),
  },
  {
    name: 'two hosts',
    bytes: (parts, smuggled) => `${head(parts, ['Host: other.example', 'Content-Length: 0'])}${smuggled}`,
  },
  {
    name: 'behind an upgrade nobody offered',
    bytes: (parts, smuggled) =>
      `${head({ ...parts, method: 'GET' }, ['Connection: Upgrade', 'Upgrade: websocket'])}${smuggled}`,
  },
]
