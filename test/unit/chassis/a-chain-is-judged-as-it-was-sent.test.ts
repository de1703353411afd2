import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:tls'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { splitPem } from '../../../pki/pem.ts'
import type { Minted } from '../../../pki/profiles.ts'
import { createCredentials } from '../../../services/chassis/credentials.ts'
import { createControlInspection, createInspection, type Inspect } from '../../../services/chassis/inspection.ts'
import { createTelemetry } from '../../../services/chassis/telemetry.ts'
import { createUpstream } from '../../../services/chassis/upstream.ts'
import { bareTls, createCleanup, createMesh, idOf, type Mesh, originOf, serve } from './mesh.ts'

let mesh: Mesh
const cleanup = createCleanup()
afterEach(cleanup.run)

/** Of a CA that its root has taken back, made while it was good. */
let old: (workload: string) => Minted
/** Of another CA that is as good as the one that signs now. */
let other: (workload: string) => Minted

beforeEach(() => {
  mesh = createMesh()
  const names = ['gateway', 'orders', 'control']
  const minted = () => Object.fromEntries(names.map(name => [name, mesh.mint(name)]))
  const [olds, first] = [minted(), mesh.authority.generations()[0]!.id]
  const second = mesh.authority.add('intermediate')
  mesh.authority.arrange(second, [first, second])
  const others = minted()
  const third = mesh.authority.add('intermediate')
  mesh.authority.arrange(third, [second, third])
  old = workload => olds[workload]!
  other = workload => others[workload]!
})

/** Who never had a certificate of another CA than the one that signs now, and is given no word of serials. */
const newcomer = (name: string, intermediates = mesh.authority.intermediates()) => {
  const trust = { ...mesh.trust(), intermediates, revocation: 'soft-fail' as const, revoked: [], version: 1 }
  const credentials = createCredentials({ trust })
  credentials.setWorkload(mesh.mint(name))
  return credentials
}

const pemsOf = ({ chain }: Minted) => splitPem(chain)

/** Chains that show the same leaf with the same CA above it, among others: in what order is the sender's choice. */
const dressed = (pair: Minted): [string, string][] => {
  const [leaf, issuer] = pemsOf(pair) as [string, string]
  const good = pemsOf(mesh.mint('gateway'))[1]!
  const strangers = createMesh()
  const alone = pemsOf(strangers.mint('gateway', ['self-signed']))[0]!
  const lookalike = pemsOf(mesh.mint('gateway', ['same-dn-ca']))[1]!
  const root = strangers.authority.trustBundle()[0]!
  return [
    ['as it should be', leaf + issuer],
    ['behind a stranger’s own root', leaf + root + issuer],
    ['behind a certificate that signed itself', leaf + alone + issuer],
    ['behind a CA that is good', leaf + good + issuer],
    ['before a CA that is good', leaf + issuer + good],
    ['behind one with the name and key identifier of another', leaf + lookalike + issuer],
    ['behind more than anybody looks at', leaf + good + root + lookalike + alone + issuer],
    ['behind far more than anybody looks at', leaf + (good + root + alone).repeat(4) + issuer],
  ]
}

const wayOf = ([way]: [string, string]) => way
const ways = 8

describe('a listener that fails soft', () => {
  const ask = async (pair: Minted, chain: string, known?: string[]) => {
    const own = newcomer('orders', known)
    const callee = cleanup.add(await serve(own, ['mtls'], { inspect: createInspection(own, Date.now) }))
    const { text } = await bareTls(callee.address, { key: pair.key, cert: chain }).catch(() => ({ text: '' }))
    return text === '' ? callee.failures()[0]?.code : 'answered'
  }

  test('takes a caller of another CA than its own, where that CA is good', async () => {
    const pair = other('gateway')
    expect(await ask(pair, pair.chain)).toBe('answered')
  })

  test('refuses a caller whose CA was taken back, whether it is told of that CA or not', async () => {
    const pair = old('gateway')
    expect(await ask(pair, pair.chain)).toBe('chain-not-seen')
    expect(await ask(pair, pair.chain, pemsOf(pair).slice(1))).toBe('revoked')
  })

  test.each(Array.from({ length: ways }, (_, i) => i))('refuses him whatever he sends beside it (%i)', async i => {
    const pair = old('gateway')
    const way = dressed(pair)[i]!
    expect(await ask(pair, way[1]), wayOf(way)).toMatch(/^(revoked|chain-not-seen|CERT_SIGNATURE_FAILURE|UNABLE_TO)/)
  })
})

const callers: [string, (own: ReturnType<typeof newcomer>) => Inspect, string][] = [
  ['a caller that fails soft', own => createInspection(own, Date.now), 'orders'],
  ['a workload that calls the control plane', createControlInspection, 'control'],
]

describe.each(callers)('%s', (_, inspection, callee) => {
  const ask = async (pair: Minted, chain: string) => {
    const own = newcomer('gateway')
    let heard = 0
    const server = createServer({ key: pair.key, cert: chain }, socket => {
      socket.on('error', () => {})
      socket.on('data', bytes => {
        heard += bytes.length
        socket.end('HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}')
      })
    }).listen(0, '127.0.0.1')
    cleanup.add(server)
    await once(server, 'listening')
    const address = { host: '127.0.0.1', port: (server.address() as AddressInfo).port }
    const spec = { link: 'a:b', callee, transport: 'tls' as const, address, id: idOf(callee), verify: true }
    const telemetry = createTelemetry('gateway')
    // what the control client hands on: OpenSSL is given no lists
    const credentials = { ...own, client: (prove: boolean) => own.client(prove, true) }
    const upstream = createUpstream({ spec, credentials, telemetry, inspect: inspection(own) })
    cleanup.add({ close: upstream.destroy })
    const answer = await upstream
      .dispatcher()
      .request({ origin: originOf(spec), method: 'GET', path: '/' })
      .catch(() => undefined)
    await answer?.body.dump()
    return { said: answer?.statusCode ?? telemetry.observations(0, []).connections[0]?.failure?.code, heard }
  }

  test('takes a callee of another CA than its own, where that CA is good', async () => {
    const pair = other(callee)
    expect(await ask(pair, pair.chain)).toMatchObject({ said: 200 })
  })

  test.each(Array.from({ length: ways }, (_, i) => i))(
    'refuses a callee whose CA was taken back, whatever it sends beside it (%i), and tells it nothing',
    async i => {
      const pair = old(callee)
      const way = dressed(pair)[i]!
      const { said, heard } = await ask(pair, way[1])
      expect(said, wayOf(way)).toMatch(/^(revoked|chain-not-seen|CERT_SIGNATURE_FAILURE|UNABLE_TO)/)
      expect(heard).toBe(0)
    },
  )
})
