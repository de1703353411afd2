import { once } from 'node:events'
import { connect, type TLSSocket } from 'node:tls'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { authorityKeyId } from '../../pki/key-identifiers.ts'
import { connectLab, type LabClient } from '../../scenarios/lab-client.ts'
import { startTestLab, type TestLab } from '../support/lab.ts'

let running: TestLab
let lab: LabClient
beforeAll(async () => {
  running = await startTestLab({ mode: 're-encrypt' })
  lab = await connectLab(running.access)
})
afterAll(async () => {
  await lab.close()
  await running.close()
})

/** A public connection on which one request was answered and that is kept alive, and which CA vouches for the other end. */
const kept = async (): Promise<{ socket: TLSSocket; issuer: string }> => {
  const { serverName: servername } = lab.topology.ingress
  const socket = connect({ ...running.access.edge, servername, ca: (await lab.state()).bundle })
  await once(socket, 'secureConnect')
  socket.write(`GET /orders/none HTTP/1.1\r\nhost: ${servername}\r\n\r\n`)
  const [answer] = await once(socket, 'data')
  expect(String(answer)).toMatch(/^HTTP\/1\.1 404/)
  return { socket, issuer: authorityKeyId(socket.getPeerX509Certificate()!) }
}

test.each(['intermediate', 'root'] as const)(
  'a kept-alive public connection rests on no %s that was taken out of use: it is asked to leave, and the next one is of the new',
  async what => {
    const { socket, issuer } = await kept()
    const closed = once(socket, 'close')
    socket.on('error', () => {}).resume()
    await lab.lifecycle.rotate(what, { stopAt: 'reissue' })
    expect(socket.destroyed).toBe(false)
    await lab.lifecycle.rotate(what)
    await closed
    const next = await kept()
    next.socket.destroy()
    expect(next.issuer).not.toBe(issuer)
    expect((await lab.lifecycle.trust()).authorities.map(({ id }) => id)).toContain(next.issuer)
  },
)
