import { once } from 'node:events'
import { connect } from 'node:net'
import { Pool } from 'undici'
import { afterEach, describe, expect, test } from 'vitest'
import { HopError } from '../../../pki/error.ts'
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

const get = 'GET /a HTTP/1.1\r\nHost: x.test\r\nConnection: close\r\n\r\n'
const post = 'POST /a HTTP/1.1\r\nHost: x.test\r\nContent-Length: 5\r\nConnection: close\r\n\r\n12345'
const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'

const outcome = async (options: HopOptions, bytes = get) => {
  const hop = kept(await startHop(options))
  const answer = await exchange(hop.port, bytes)
  const body = answer.slice(answer.indexOf('\r\n\r\n') + 4)
  return { status: statuses(answer)[0], body: JSON.parse(body), failure: hop.contexts[0]!.failure }
}

const freePort = async () => {
  const server = await startTcp(() => {})
  await server.close()
  return server.port
}

const silent = () => startTcp(socket => socket.resume())

test('nothing listens there: 502', async () => {
  const { status, body, failure } = await outcome({ backend: await freePort() })
  expect({ status, failure }).toEqual({ status: 502, failure: { name: 'connection-refused', code: 'ECONNREFUSED' } })
  expect(body).toEqual({
    type: 'about:blank',
    title: 'Bad Gateway',
    status: 502,
    failure: 'connection-refused',
    detail: expect.any(String),
    requestId: 'request-0001',
  })
})

test('a refused certificate: 502', async () => {
  const wrong = Object.assign(new Error('wrong'), { code: 'ERR_TLS_CERT_ALTNAME_INVALID' })
  const pool = new Pool('http://127.0.0.1:1', { connect: (_options, done) => done(wrong, null) })
  expect(await outcome({ backend: 1, upstream: { dispatcher: () => pool } })).toMatchObject({
    status: 502,
    failure: { name: 'wrong-name', code: 'ERR_TLS_CERT_ALTNAME_INVALID' },
  })
})

test('closed before an answer, on a connection made for it: 502 and no second try', async () => {
  let connections = 0
  const backend = kept(
    await startTcp(socket => {
      connections++
      socket.on('data', () => socket.end())
    }),
  )
  expect(await outcome({ backend: backend.port })).toMatchObject({
    status: 502,
    failure: { name: 'connection-closed', code: 'UND_ERR_SOCKET' },
  })
  expect(connections).toBe(1)
})

test('no upstream: 503', async () => {
  const dispatcher = () => {
    throw new HopError('no-upstream', { message: 'none' })
  }
  expect(await outcome({ backend: 1, upstream: { dispatcher } })).toMatchObject({
    status: 503,
    failure: { name: 'no-upstream', code: 'no-upstream' },
  })
})

test('a pool that is gone and stays gone: 503', async () => {
  const pool = new Pool('http://127.0.0.1:1')
  await pool.destroy()
  expect(await outcome({ backend: 1, upstream: { dispatcher: () => pool } })).toMatchObject({
    status: 503,
    failure: { name: 'no-upstream', code: 'UND_ERR_DESTROYED' },
  })
})

test('no headers in time: 504', async () => {
  const backend = kept(await silent())
  expect(await outcome({ backend: backend.port, forward: { timeouts: { headersMs: 50 } } })).toMatchObject({
    status: 504,
    failure: { name: 'headers-timeout', code: 'UND_ERR_HEADERS_TIMEOUT' },
  })
})

test('no connection in time: 504', async () => {
  const late = Object.assign(new Error('late'), { code: 'UND_ERR_CONNECT_TIMEOUT' })
  const pool = new Pool('http://127.0.0.1:1', { connect: (_options, done) => done(late, null) })
  expect(await outcome({ backend: 1, upstream: { dispatcher: () => pool } })).toMatchObject({
    status: 504,
    failure: { name: 'connect-timeout', code: 'UND_ERR_CONNECT_TIMEOUT' },
  })
})

describe('an answer that breaks off', () => {
  test.each([
    ['with a length', 'HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nabc', 'connection-closed'],
    ['in chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n', 'connection-closed'],
    ['by a bad chunk', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nxx\r\n', 'bad-response'],
  ])('%s is broken off for the client too', async (_name, bytes, name) => {
    const backend = kept(
      await startTcp(socket =>
        socket.on('data', () => {
          socket.write(bytes)
          setImmediate(() => socket.end())
        }),
      ),
    )
    const hop = kept(await startHop({ backend: backend.port }))
    const answer = await exchange(hop.port, get)
    expect(answer).not.toMatch(/0\r\n\r\n$/)
    expect(answer.slice(answer.indexOf('\r\n\r\n') + 4)).not.toContain('502')
    expect(hop.contexts[0]!.failure!.name).toBe(name)
  })
})

describe('one more try', () => {
  /** Answers the first request on each connection and closes at the second. */
  const closesAtSecond = async () => {
    let requests = 0
    const backend = await startTcp(socket => {
      let onThis = 0
      socket.on('data', () => {
        requests++
        if (++onThis === 1) socket.write(ok)
        else socket.destroy()
      })
    })
    return { ...kept(backend), count: () => requests }
  }
  const twice = async (second: string) => {
    const backend = await closesAtSecond()
    const hop = kept(await startHop({ backend: backend.port, pool: { connections: 1 } }))
    expect(statuses(await exchange(hop.port, get))).toEqual([200])
    return { status: statuses(await exchange(hop.port, second)), requests: backend.count() }
  }

  test('for a GET whose kept-alive connection closed', async () => {
    expect(await twice(get)).toEqual({ status: [200], requests: 3 })
  })
  test('never for a POST', async () => {
    expect(await twice(post)).toEqual({ status: [502], requests: 2 })
  })
  test('never for a PUT with a body', async () => {
    expect(await twice(post.replace('POST', 'PUT'))).toEqual({ status: [502], requests: 2 })
  })
  test('never after the first byte of an answer', async () => {
    let requests = 0
    const backend = kept(
      await startTcp(socket => {
        let onThis = 0
        socket.on('data', () => {
          requests++
          if (++onThis === 1) socket.write(ok)
          else socket.end('HTTP/1.1 2')
        })
      }),
    )
    const hop = kept(await startHop({ backend: backend.port, pool: { connections: 1 } }))
    await exchange(hop.port, get)
    expect(statuses(await exchange(hop.port, get))).toEqual([502])
    expect(requests).toBe(2)
  })
  test('of any method when the pool was swapped away before it took the request', async () => {
    const backend = kept(await startRecorder())
    const gone = new Pool(`http://127.0.0.1:${backend.port}`)
    await gone.close()
    const pools = [gone, new Pool(`http://127.0.0.1:${backend.port}`)]
    const hop = kept(await startHop({ backend: backend.port, upstream: { dispatcher: () => pools.shift()! } }))
    expect(statuses(await exchange(hop.port, post))).toEqual([200])
    expect(backend.requests.map(({ body }) => body)).toEqual(['12345'])
  })
})

test('an upstream that answers early and closes still gets its answer through', async () => {
  const backend = kept(
    await startTcp(socket => {
      socket.once('data', () =>
        socket.write('HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbig'),
      )
    }),
  )
  const hop = kept(await startHop({ backend: backend.port }))
  const head = `POST /a HTTP/1.1\r\nHost: x.test\r\nContent-Length: 1000000\r\n\r\n${'x'.repeat(1000)}`
  expect(statuses(await exchange(hop.port, head, text => text.endsWith('big')))).toEqual([413])
})

test('the upstream dying in mid-upload is 502, not a cut connection', async () => {
  const backend = kept(await startTcp(socket => socket.once('data', () => socket.destroy())))
  const hop = kept(await startHop({ backend: backend.port }))
  const head = `POST /a HTTP/1.1\r\nHost: x.test\r\nContent-Length: 1000000\r\n\r\n${'x'.repeat(1000)}`
  const answer = await exchange(hop.port, head, text => text.endsWith('}'))
  expect(statuses(answer)).toEqual([502])
})

describe('an abort', () => {
  test('by the client, while waiting for an answer, ends the upstream request', async () => {
    const { promise: arrived, resolve } = Promise.withResolvers<void>()
    const { promise: ended, resolve: end } = Promise.withResolvers<void>()
    const backend = kept(
      await startTcp(socket => {
        socket.on('data', () => resolve())
        socket.on('close', () => end())
      }),
    )
    const hop = kept(await startHop({ backend: backend.port }))
    const client = connect(hop.port, '127.0.0.1')
    client.write('GET /a HTTP/1.1\r\nHost: x.test\r\n\r\n')
    await arrived
    client.destroy()
    await ended
    expect(hop.contexts[0]!.failure).toEqual({ name: 'client-gone', code: 'client-gone' })
  })

  test('by the client in mid-upload never completes the request upstream', async () => {
    const { promise: arrived, resolve } = Promise.withResolvers<void>()
    const { promise: ended, resolve: end } = Promise.withResolvers<void>()
    let bytes = ''
    const backend = kept(
      await startTcp(socket => {
        socket.on('data', chunk => {
          bytes += chunk.toString()
          if (bytes.includes('partial')) resolve()
        })
        socket.on('close', () => end())
      }),
    )
    const hop = kept(await startHop({ backend: backend.port }))
    const client = connect(hop.port, '127.0.0.1')
    client.write('POST /a HTTP/1.1\r\nHost: x.test\r\nTransfer-Encoding: chunked\r\n\r\n7\r\npartial\r\n')
    await arrived
    client.destroy()
    await ended
    expect(bytes).not.toMatch(/0\r\n\r\n$/)
    expect(hop.contexts[0]!.failure?.name).toBe('client-gone')
  })

  test('by the client in mid-answer ends the upstream answer', async () => {
    const { promise: ended, resolve: end } = Promise.withResolvers<void>()
    const backend = kept(
      await startTcp(socket => {
        socket.on('data', () => {
          socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n')
        })
        socket.on('close', () => end())
      }),
    )
    const hop = kept(await startHop({ backend: backend.port }))
    const client = connect(hop.port, '127.0.0.1')
    client.write('GET /a HTTP/1.1\r\nHost: x.test\r\n\r\n')
    await once(client, 'data')
    client.destroy()
    await ended
  })

  test('by the upstream in mid-answer ends the client’s connection', async () => {
    const backend = kept(
      await startTcp(socket =>
        socket.on('data', () => {
          socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc')
          setImmediate(() => socket.resetAndDestroy())
        }),
      ),
    )
    const hop = kept(await startHop({ backend: backend.port }))
    const answer = await exchange(hop.port, 'GET /a HTTP/1.1\r\nHost: x.test\r\n\r\n')
    expect(answer.endsWith('abc')).toBe(true)
  })
})
