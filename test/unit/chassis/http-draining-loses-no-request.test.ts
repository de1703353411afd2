import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { type Hop, type Started, startHop, startTcp } from './hop.ts'

const open: Started[] = []
afterEach(async () => {
  for (const started of open.splice(0).reverse()) await started.close()
})
const kept = <T extends Started>(started: T): T => {
  open.push(started)
  return started
}

const get = 'GET /a HTTP/1.1\r\nHost: x.test\r\n\r\n'

/** A hop whose backend answers when told to, and a client with one answered request behind it. */
const prepare = async (): Promise<{ hop: Hop; client: Socket; server: Socket; answers: (() => void)[] }> => {
  const answers: (() => void)[] = []
  const backend = kept(
    await startTcp(socket =>
      socket.on('data', () => answers.push(() => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'))),
    ),
  )
  const hop = kept(await startHop({ backend: backend.port }))
  const client = connect(hop.port, '127.0.0.1')
  client.setEncoding('latin1')
  client.write(get)
  await until(() => answers.length === 1)
  answers[0]!()
  const [first] = await once(client, 'data')
  expect(first).toMatch(/connection: keep-alive/i)
  return { hop, client, server: hop.sockets[0]!, answers }
}

const until = async (holds: () => boolean) => {
  while (!holds()) await new Promise(resolve => setImmediate(resolve))
}

test('an idle connection may still bring one request, whose answer announces the close', async () => {
  const { hop, client, server, answers } = await prepare()
  expect(hop.acceptor.stateOf(server)).toBe('idle')
  hop.acceptor.drain(server, 10_000)
  client.write(get)
  await until(() => answers.length === 2)
  expect(hop.acceptor.stateOf(server)).toBe('active')
  answers[1]!()
  const [second] = await once(client, 'data')
  expect(second).toMatch(/connection: close/i)
  await once(client, 'close')
  expect(hop.acceptor.stateOf(server)).toBeUndefined()
})

test('a request in flight is answered, and its answer announces the close', async () => {
  const { hop, client, server, answers } = await prepare()
  client.write(get)
  await until(() => answers.length === 2)
  hop.acceptor.drain(server, 0)
  answers[1]!()
  const [second] = await once(client, 'data')
  expect(second).toMatch(/^HTTP\/1\.1 200 [\s\S]*connection: close/i)
  await once(client, 'close')
})

test('a connection that stays idle is closed', async () => {
  const { hop, client, server } = await prepare()
  hop.acceptor.drain(server, 1)
  await Promise.all([once(client, 'close'), once(server, 'close')])
  expect(hop.acceptor.counts()).toEqual({ idle: 0, active: 0 })
})

test('close waits for requests in flight as long as it is told to', async () => {
  const { hop, client, answers } = await prepare()
  client.write(get)
  await until(() => answers.length === 2)
  const closed = hop.acceptor.close(10_000)
  answers[1]!()
  const [second] = await once(client, 'data')
  expect(second).toMatch(/^HTTP\/1\.1 200 /)
  await closed
})

test('close cuts what does not end in time', async () => {
  const { hop, client, answers } = await prepare()
  client.write(get)
  await until(() => answers.length === 2)
  const gone = once(client, 'close')
  await hop.acceptor.close(1)
  await gone
})

test('pipelined requests beyond the limit are refused', async () => {
  const { hop, client } = await prepare()
  client.write(get.repeat(40))
  await until(() => hop.telemetry.observations(0, []).connections.length > 0)
  expect(hop.telemetry.observations(0, []).connections[0]!.failure).toEqual({
    name: 'too-many-pipelined',
    code: 'too-many-pipelined',
  })
  client.destroy()
})
