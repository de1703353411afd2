import { once } from 'node:events'
import type { Socket } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { createTap } from '../../../services/wire/tap.ts'
import { createWire } from '../../../services/wire/wire.ts'
import { closed, createCleanup, dialled, drained, tcpServer, until } from './support.ts'

const cleanup = createCleanup()
afterEach(cleanup.run)

const echoTap = async () => {
  const address = await tcpServer(cleanup, (socket: Socket) => socket.pipe(socket))
  const tap = await createTap({ link: 'orders:payments', target: () => address })
  cleanup.later(() => tap.close())
  return tap
}

test('bytes are altered in flight, also where they come in two pieces or one by one', async () => {
  const tap = await echoTap()
  const rule = {
    find: Buffer.from('"amount":4200'),
    replace: Buffer.from('"amount":9900'),
    direction: 'to-callee',
  } as const
  tap.alter(rule)
  const { socket } = await dialled(tap.address, cleanup)
  const answer = drained(socket)
  const body = '{"amount":4200}{"amo"amount":4200,"amount":4201}'
  for (const character of body) {
    socket.write(character)
    await new Promise(setImmediate)
  }
  socket.write(body.slice(0, 5))
  await new Promise(setImmediate)
  socket.end(body.slice(5))
  const altered = body.replaceAll('"amount":4200', '"amount":9900')
  expect(String(await answer)).toBe(altered + altered)
  expect(tap.state().alterations).toMatchObject([{ hits: 4 }])
  // What the caller sent and what the callee got, both on record.
  expect(tap.find(rule.find).count).toBe(4)
  expect(tap.find(rule.replace).findings.map(finding => finding.direction)).toEqual(new Array(4).fill('to-caller'))
})

test('a rule strikes only as often, and only in the direction, it was made for', async () => {
  const tap = await echoTap()
  tap.alter({ find: Buffer.from('aa'), replace: Buffer.from('bb'), direction: 'to-callee', times: 2 })
  tap.alter({ find: Buffer.from('cc'), replace: Buffer.from('dd'), direction: 'to-caller' })
  const { socket } = await dialled(tap.address, cleanup)
  socket.end('aaaaaa cc')
  expect(String(await drained(socket))).toBe('bbbbaa dd')
  expect(tap.find(Buffer.from('cc')).findings).toHaveLength(2)
})

test('bytes held back as the beginning of a match go on when nothing follows', async () => {
  const tap = await echoTap()
  tap.alter({ find: Buffer.from('stop now'), replace: Buffer.from('go on ok'), direction: 'to-callee' })
  const { socket } = await dialled(tap.address, cleanup)
  socket.write('please stop')
  let answer = ''
  socket.on('data', chunk => {
    answer += chunk
  })
  await until(() => answer === 'please stop')
  socket.end()
})

test('a rule taken back while bytes are held loses and reorders nothing', async () => {
  const tap = await echoTap()
  tap.alter({ find: Buffer.from('abcdef'), replace: Buffer.from('ABCDEF'), direction: 'to-callee' })
  const { socket } = await dialled(tap.address, cleanup)
  socket.write('1 abc')
  await until(() => tap.state().bytes['to-callee'] === 5)
  tap.restore()
  socket.end('def 2')
  expect(String(await drained(socket))).toBe('1 abcdef 2')
})

test('a rule that would change the length is refused by name', async () => {
  const tap = await echoTap()
  const refused = () => tap.alter({ find: Buffer.from('42'), replace: Buffer.from('4200'), direction: 'to-callee' })
  expect(refused).toThrow(expect.objectContaining({ code: 'lengths-differ', field: 'replace' }))
})

test('cut resets what is open; with refuse, new connections too until restored', async () => {
  const tap = await echoTap()
  const first = await dialled(tap.address, cleanup)
  first.socket.write('x')
  await once(first.socket, 'data')
  expect(tap.cut({ refuse: true })).toBe(1)
  await closed(first.socket)
  expect(first.errors).toEqual(['ECONNRESET'])

  const second = await dialled(tap.address, cleanup)
  await closed(second.socket)
  expect(second.errors).toEqual(['ECONNRESET'])

  tap.restore()
  const third = await dialled(tap.address, cleanup)
  third.socket.end('back')
  expect(String(await drained(third.socket))).toBe('back')
})

test('redirect sends new connections elsewhere until restored', async () => {
  const tap = await echoTap()
  const impostor = await tcpServer(cleanup, socket => socket.end('impostor'))
  tap.redirect(impostor)
  const caught = await dialled(tap.address, cleanup)
  caught.socket.end('hello')
  expect(String(await drained(caught.socket))).toBe('impostor')
  tap.restore()
  const safe = await dialled(tap.address, cleanup)
  safe.socket.end('hello')
  expect(String(await drained(safe.socket))).toBe('hello')
})

test('a delayed connection keeps its bytes in order, also when the delay is taken back', async () => {
  const tap = await echoTap()
  tap.delay(30)
  const { socket } = await dialled(tap.address, cleanup)
  const answer = drained(socket)
  socket.write('one ')
  await until(() => tap.state().bytes['to-callee'] === 4)
  tap.delay(0)
  socket.end('two')
  expect(String(await answer)).toBe('one two')
})

test('after a reset of the recording only what follows is found, and its offset counts from the start', async () => {
  const tap = await echoTap()
  const { socket } = await dialled(tap.address, cleanup)
  socket.write('before')
  await once(socket, 'data')
  tap.reset()
  socket.write('after')
  await once(socket, 'data')
  expect(tap.find(Buffer.from('before')).count).toBe(0)
  expect(tap.find(Buffer.from('after')).findings[0]).toMatchObject({ offset: 6, direction: 'to-callee', text: 'after' })
})

test('the recording is bounded: the oldest bytes go first, and the tap says how many', async () => {
  const address = await tcpServer(cleanup, socket => socket.resume().on('end', () => socket.end()))
  const tap = await createTap({ link: 'a:b', target: () => address, limit: 64 * 1024 })
  cleanup.later(() => tap.close())
  for (let round = 0; round < 30; round += 1) {
    const { socket } = await dialled(tap.address, cleanup)
    socket.resume().end(`${'x'.repeat(8000)} canary ${round};`)
    await closed(socket)
  }
  await until(() => tap.state().connections.open === 0)
  const { recorded } = tap.state()
  expect(recorded.bytes).toBeLessThanOrEqual(64 * 1024)
  expect(recorded.connections).toBeLessThan(10)
  expect(recorded.forgottenConnections).toBeGreaterThan(20)
  expect(tap.find(Buffer.from('canary 0;')).count).toBe(0)
  expect(tap.find(Buffer.from('canary 29;')).count).toBe(1)
})

test('an unknown link and a second tap on a link are refused by name', async () => {
  const wire = createWire()
  cleanup.later(() => wire.close())
  await wire.add({ link: 'orders:payments', target: () => ({ host: '127.0.0.1', port: 1 }) })
  expect(() => wire.tap('__proto__')).toThrow(expect.objectContaining({ code: 'link-unknown', field: 'link' }))
  const twice = wire.add({ link: 'orders:payments', target: () => ({ host: '127.0.0.1', port: 1 }) })
  await expect(twice).rejects.toMatchObject({ code: 'link-tapped-twice' })
  const taken = wire.add({ link: 'a:b', target: () => ({ host: '::1', port: 1 }), listen: wire.taps()[0]!.address })
  await expect(taken).rejects.toMatchObject({ code: 'tap-not-listening', found: 'EADDRINUSE' })
})
