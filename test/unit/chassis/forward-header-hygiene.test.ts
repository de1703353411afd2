import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { exchange, type Hop, type HopOptions, startHop } from './hop.ts'
import { type Recorder, startRecorder } from './recorder.ts'

let backend: Recorder
let edge: Hop
let inner: Hop

beforeAll(async () => {
  backend = await startRecorder()
  const start = (options: Partial<HopOptions>) => startHop({ backend: backend.port, ...options })
  edge = await start({ context: { ingress: true, encrypted: true, forwardedFor: ['192.0.2.7'] } })
  inner = await start({
    context: { ingress: false, forwardedFor: ['192.0.2.7', '10.0.0.1'] },
    upstream: { callerHeaders: () => ['x-spiffe-id', 'spiffe://hop.lab/gateway'] },
  })
})
afterAll(async () => {
  await edge.close()
  await inner.close()
  await backend.close()
})
beforeEach(() => backend.clear())

/** Header values by lower-case name as the backend saw them, after a request with these lines through `hop`. */
const seenBehind = async (hop: Hop, lines: string[]): Promise<Record<string, string[]>> => {
  await exchange(
    hop.port,
    `GET /a HTTP/1.1\r\nHost: shop.test:8443\r\n${lines.map(line => `${line}\r\n`).join('')}${lines.some(line => /^connection:/i.test(line)) ? '' : 'Connection: close\r\n'}\r\n`,
    text => text.includes('\r\n\r\n'),
  )
  expect(backend.requests).toHaveLength(1)
  const seen: Record<string, string[]> = {}
  for (const [name, value] of backend.requests[0]!.headers) {
    const key = name.toLowerCase()
    seen[key] = [...(seen[key] ?? []), value]
  }
  return seen
}

const identityNames = [
  ...['X-Spiffe-ID', 'x-spiffe-id', 'X_Spiffe_ID', 'x-spiffe_id', 'X-Spiffe-Caller', 'X-Forwarded-Client-Cert'],
  ...['X_Forwarded_Client_Cert', 'x-forwarded_client-cert', 'Forwarded', 'X-Forwarded', 'X-Real-IP', 'x_real_ip'],
  ...['X-Forwarded-User', 'X-Forwarded-Port', 'X-Forwarded_Prefix', 'X-Client-IP', 'X-Client-Verify', 'X_Client_DN'],
  ...[
    'True-Client-IP',
    'CF-Connecting-IP',
    'X-Cluster-Client-IP',
    'X-Original-URL',
    'X-Rewrite-URL',
    'SSL-Client-Cert',
  ],
  ...['Ssl_Client_Verify', 'X-SSL-Client-CN', 'X-User-Assertion', 'x_user_assertion', 'X-User_Assertion'],
]

test.each(identityNames)('%s from the public goes no further', async name => {
  const seen = await seenBehind(edge, [`${name}: forged-canary`, 'X-Harmless: kept'])
  expect(JSON.stringify(seen)).not.toContain('forged-canary')
  expect(seen['x-harmless']).toEqual(['kept'])
})

test.each(['X-Forwarded-For', 'x_forwarded_for', 'X-FORWARDED-FOR', 'x-request-id', 'X_Request_ID', 'traceparent'])(
  '%s is this hop’s to say, at the ingress and behind it',
  async name => {
    for (const hop of [edge, inner]) {
      backend.clear()
      const seen = await seenBehind(hop, [`${name}: forged-canary`, `${name}: forged-canary`])
      expect(JSON.stringify(seen)).not.toContain('forged-canary')
    }
  },
)

const someCall = expect.stringMatching(/^00-0af7651916cd43dd8448eb211c80319c-(?!b7ad6b7169203331)[0-9a-f]{16}-01$/)

test('what this hop says: ids, trace with its call’s span as parent, addresses, scheme, host, Via', async () => {
  expect(
    await seenBehind(edge, ['X-Forwarded-Proto: http', 'X-Forwarded-Host: evil.test', 'Via: 1.0 fred']),
  ).toMatchObject({
    'x-request-id': ['request-0001'],
    traceparent: [someCall],
    'x-forwarded-for': ['192.0.2.7'],
    'x-forwarded-proto': ['https'],
    'x-forwarded-host': ['shop.test:8443'],
    via: ['1.1 hop', '1.0 fred'],
    host: [`127.0.0.1:${backend.port}`],
  })
  const [, sent = ''] = backend.requests[0]!.headers.find(([name]) => name === 'traceparent') ?? []
  expect(edge.contexts.at(-1)?.calls.map(({ spanId }) => spanId)).toEqual([sent.split('-')[2]])
})

test('behind the ingress the first hop’s scheme and host travel on', async () => {
  expect(await seenBehind(inner, ['X-Forwarded-Proto: https', 'X-Forwarded-Host: shop.test'])).toMatchObject({
    'x-forwarded-for': ['192.0.2.7, 10.0.0.1'],
    'x-forwarded-proto': ['https'],
    'x-forwarded-host': ['shop.test'],
  })
})

test.each(['X-Spiffe-ID', 'x_spiffe_id', 'X-Forwarded-Client-Cert'])(
  'the caller’s %s is never passed on; the link states its own',
  async name => {
    const seen = await seenBehind(inner, [`${name}: spiffe://hop.lab/payments`])
    expect(JSON.stringify(seen)).not.toContain('payments')
    expect(seen['x-spiffe-id']).toEqual(['spiffe://hop.lab/gateway'])
  },
)

test('a user who is vouched for needs no credential further in: the assertion goes on, once, and the token stays', async () => {
  const lines = ['Authorization: Bearer secret', 'X-User-Assertion: forged']
  expect(await seenBehind(inner, lines)).toMatchObject({ authorization: ['Bearer secret'] })
  backend.clear()
  const vouching = await startHop({ backend: backend.port, context: { ingress: true, assertion: 'a.b.c' } })
  try {
    const seen = await seenBehind(vouching, lines)
    expect(seen['x-user-assertion']).toEqual(['a.b.c'])
    expect(JSON.stringify(seen)).not.toMatch(/secret|forged/)
  } finally {
    await vouching.close()
  }
})

describe('Connection', () => {
  const hopByHop = [
    'Keep-Alive: timeout=5',
    'Proxy-Connection: keep-alive',
    'TE: trailers',
    'Proxy-Authorization: Basic eA==',
  ]

  test.each([...hopByHop, 'HTTP2-Settings: AAMAAABk', 'Proxy-Authenticate: Basic'])(
    '%s stays on this hop',
    async line => {
      const seen = await seenBehind(inner, [line])
      expect(seen).not.toHaveProperty(line.split(':')[0]!.toLowerCase())
    },
  )

  test.each([
    ['X-Mine', 'Connection: close, X-Mine'],
    ['x-mine', 'Connection: X-MINE'],
    ['X-Mine', 'Connection: keep-alive , x-mine ,'],
  ])('%s is dropped when %s names it', async (name, line) => {
    const seen = await seenBehind(inner, [`${name}: 1`, line, 'X-Other: 2'])
    expect(seen).not.toHaveProperty('x-mine')
    expect(seen['x-other']).toEqual(['2'])
  })

  test.each([
    ['x-forwarded-for', '192.0.2.7, 10.0.0.1', []],
    ['x-spiffe-id', 'spiffe://hop.lab/gateway', []],
    ['host', undefined, []],
    ['authorization', 'Bearer t', ['Authorization: Bearer t']],
    ['cookie', 'a=b', ['Cookie: a=b']],
    ['x-forwarded-proto', 'https', ['X-Forwarded-Proto: https']],
    ['x-forwarded-host', 'shop.test', ['X-Forwarded-Host: shop.test']],
    ['x-request-id', 'request-0001', []],
    ['traceparent', someCall, []],
    ['via', '1.1 hop', []],
  ])('naming %s in it strips nothing', async (name, value, lines) => {
    const seen = await seenBehind(inner, [...lines, `Connection: close, ${name}`])
    expect(seen[name]).toEqual([value ?? `127.0.0.1:${backend.port}`])
  })
})
