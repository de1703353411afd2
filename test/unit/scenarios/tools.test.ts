import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { createServer as createTlsServer, connect as tlsConnect } from 'node:tls'
import { expect, test } from 'vitest'
import { createAuthority } from '../../../pki/authority.ts'
import { mintProfile } from '../../../pki/profiles.ts'
import { freshCanary, luhn } from '../../../scenarios/tools/canary.ts'
import { decryptAll } from '../../../scenarios/tools/decrypt.ts'
import { readTopology } from '../../../services/topology/file.ts'

test('a canary has a fresh value for every class of data, and each can be told from all others', () => {
  const topology = readTopology('topologies/shop.yaml')
  const [one, two] = [freshCanary(topology), freshCanary(topology)]
  expect(Object.keys(one.needles).toSorted()).toEqual(Object.keys(topology.data).toSorted())
  for (const [name, needle] of Object.entries(one.needles)) expect(two.needles[name]).not.toBe(needle)
  expect(one.body.card).toMatch(/^4\d{15}$/)
  expect(typeof one.body.amount).toBe('number')
})

test('card numbers end in their check digit', () => {
  expect(luhn('7992739871')).toBe('79927398713')
})

test.each(['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256'])(
  'recorded bytes under %s are opened by the keys of their connection, and by no others',
  async ciphers => {
    const authority = createAuthority({ trustDomain: 'test.lab', clock: Date.now })
    const { key, chain } = mintProfile(authority, [], { dnsName: 'test.lab' })
    const secrets: string[] = []
    const server = createTlsServer({ key, cert: chain, ciphers }, socket => {
      socket.on('data', data => socket.end(`you said ${data}`))
    }).on('keylog', line => secrets.push(line.toString()))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const bytes = { 'to-callee': [] as Buffer[], 'to-caller': [] as Buffer[] }
    const relay = createServer(caller => {
      const callee = connect((server.address() as AddressInfo).port, '127.0.0.1')
      caller.on('data', chunk => bytes['to-callee'].push(chunk)).pipe(callee)
      callee.on('data', chunk => bytes['to-caller'].push(chunk)).pipe(caller)
    })
    relay.listen(0, '127.0.0.1')
    await once(relay, 'listening')
    const { port } = relay.address() as AddressInfo
    const client = tlsConnect({ host: '127.0.0.1', port, rejectUnauthorized: false }, () => client.write('4111 1111'))
    client.resume()
    await once(client, 'close')
    relay.close()
    server.close()
    const recorded = [
      {
        id: 1,
        bytes: { 'to-callee': Buffer.concat(bytes['to-callee']), 'to-caller': Buffer.concat(bytes['to-caller']) },
      },
    ]
    expect(decryptAll(recorded, secrets).toString()).toBe('4111 1111you said 4111 1111')
    const others = secrets.map(line => line.replace(/[0-9a-f]{64}\s*$/, '0'.repeat(64)))
    expect(decryptAll(recorded, others)).toHaveLength(0)
    expect(decryptAll(recorded, [])).toHaveLength(0)
  },
)
