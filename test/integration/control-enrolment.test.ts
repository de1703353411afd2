import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { Agent, request as httpsRequest } from 'node:https'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createAuthority } from '../../pki/authority.ts'
import type { CsrOptions } from '../../pki/csr.ts'
import { generateKey, privateKeyPem } from '../../pki/keys.ts'
import { readSvid } from '../../pki/svid.ts'
import type { Control } from '../../services/control/control.ts'
import { createFakeWorkload, operatorOf, type Site, startControl, temporaryDirectory } from './control-support.ts'

describe('enrolment', () => {
  const directory = temporaryDirectory()
  let control: Control
  let site: Site
  let operator: ReturnType<typeof operatorOf>

  beforeAll(async () => {
    control = await startControl(directory.path, { initialMode: 'passthrough' })
    site = { address: control.workloadAddress(), bootstrap: control.bootstrap }
    operator = operatorOf(control.operatorAddress(), control.operatorToken)
  })
  afterAll(async () => {
    await control.close()
    directory.remove()
  })

  const token = (name: string) => control.operations.joinToken(name, 'test')
  const member = async (name: string) => {
    const workload = createFakeWorkload(site, name)
    expect((await workload.enrol(token(name))).status).toBe(200)
    return workload
  }

  it('gives the bearer of a join token the identity the token names, decided by the authority', async () => {
    const orders = createFakeWorkload(site, 'orders')
    const { json } = await orders.enrol(token('orders'))
    expect(readSvid(new X509Certificate(json.chain)).id).toBe('spiffe://hop.lab/orders')
    expect([json.bundle, json.crl.length]).toEqual([control.bootstrap, 3])
  })

  it('lets exactly one of 24 win the race for a token', async () => {
    const raced = token('payments')
    const all = await Promise.all(Array.from({ length: 24 }, () => createFakeWorkload(site, 'payments').enrol(raced)))
    const outcomes = all.map(({ status, json }) => (status === 200 ? 'won' : json.code))
    expect(outcomes.filter(outcome => outcome === 'won')).toHaveLength(1)
    expect(outcomes.filter(outcome => outcome === 'join-token-used')).toHaveLength(23)
  })

  const other = 'spiffe://hop.lab/payments'
  const greedy: Record<string, [string, Partial<CsrOptions>]> = {
    'another workload’s identity': ['csr-asks-for-another-identity', { uris: [other] }],
    'its own identity and another': ['csr-asks-for-another-identity', { uris: ['spiffe://hop.lab/orders', other] }],
    'the control plane’s identity': ['csr-asks-for-another-identity', { uris: ['spiffe://hop.lab/control'] }],
    'an identity in another trust domain': ['csr-asks-for-another-identity', { uris: ['spiffe://evil.lab/orders'] }],
    'a DNS name': ['csr-asks-for-another-identity', { dnsNames: ['shop.hop.lab'] }],
    'a wildcard': ['csr-asks-for-another-identity', { dnsNames: ['*.hop.lab'] }],
    'an IP address': ['csr-asks-for-another-identity', { ipAddresses: [Uint8Array.of(127, 0, 0, 1)] }],
    'another common name': ['csr-asks-for-another-identity', { commonName: 'payments' }],
    'CA:true': ['csr-asks-for-ca', { ca: true }],
    'someone else’s key': ['csr-not-proven', { publicKey: generateKey().publicKey }],
    'a SHA-1 signature': ['signature-algorithm', { hash: 'sha1' }],
    '1,500 names': ['csr-too-large', { dnsNames: Array.from({ length: 1500 }, (_, i) => `n${i}.hop.lab`) }],
  }
  it.each(Object.entries(greedy))('refuses a CSR with %s and leaves the token unused', async (_, [code, asks]) => {
    const joining = token('orders')
    expect((await createFakeWorkload(site, 'orders').enrol(joining, asks)).json.code).toBe(code)
    expect((await createFakeWorkload(site, 'orders').enrol(joining)).status).toBe(200)
  })

  it.each([
    ['cut off', 'csr-not-pem', (pem: string) => pem.slice(0, 120)],
    ['a certificate instead', 'csr-not-pem', () => control.bootstrap[0]!],
    ['not base64', 'csr-not-pem', (pem: string) => pem.replace('MI', '??')],
    ['empty', 'body-invalid', () => ''],
  ])('refuses a CSR that is %s', async (_, code, spoil) => {
    const orders = createFakeWorkload(site, 'orders')
    const body = { token: token('orders'), workload: 'orders', csr: spoil(orders.csr().csr) }
    expect((await orders.call('/v1/enrol', body, false)).json.code).toBe(code)
  })

  it('refuses a body of 5 MB unread', async () => {
    const orders = createFakeWorkload(site, 'orders')
    const refused = await orders
      .call('/v1/enrol', { token: 'x', workload: 'orders', csr: 'x'.repeat(5_000_000) }, false)
      .catch(error => ({ json: { code: error.code } }))
    expect(['body-too-large', 'EPIPE', 'ECONNRESET']).toContain(refused.json.code)
  })

  it.each([
    ['unknown', 'join-token-unknown', () => 'x'.repeat(43), 'orders'],
    ['another workload’s', 'join-token-other-workload', () => token('payments'), 'orders'],
    ['for a workload that is not in the topology', 'workload-unknown', () => 'x', '__proto__'],
  ])('refuses a token that is %s', async (_, code, make, name) => {
    const { json } = await createFakeWorkload(site, name).enrol(make())
    expect(json.code).toBe(code)
  })

  describe('what needs a certificate', () => {
    const paths = ['/v1/renew', '/v1/public', '/v1/stream', '/v1/ack', '/v1/report/x']

    it.each(paths)('%s refuses who has none', async path => {
      const { status, json } = await createFakeWorkload(site, 'orders').call(path, {})
      expect([status, json.code, json.found]).toEqual([401, 'peer-required', 'no-certificate'])
    })

    it.each(paths)('%s refuses who was certified by an impostor of the same name', async path => {
      const impostor = createAuthority({ trustDomain: 'hop.lab', clock: Date.now })
      const { privateKey, publicKey } = generateKey()
      const { chain } = impostor.issueWorkload({
        id: 'spiffe://hop.lab/orders',
        publicKey,
        lifetimeMs: 60_000,
        serial: impostor.newSerial(),
      })
      const orders = createFakeWorkload(site, 'orders')
      orders.usePair({ key: privateKeyPem(privateKey), cert: chain })
      const { status, json } = await orders.call(path, {})
      expect([status, json.code]).toEqual([401, 'peer-refused'])
    })

    it('a public name’s certificate is nobody’s identity', async () => {
      const orders = await member('orders')
      const made = orders.csr({ dnsNames: ['shop.hop.lab'] })
      const { json } = await orders.call('/v1/public', { csr: made.csr, dnsName: 'shop.hop.lab' })
      orders.usePair({ key: made.key, cert: json.chain })
      expect((await orders.call('/v1/renew', { csr: made.csr })).json.code).toBe('peer-refused')
    })
  })

  it('renews with a new key, for the same identity only', async () => {
    const orders = await member('orders')
    const { json } = await orders.call('/v1/renew', { csr: orders.csr().csr })
    expect(readSvid(new X509Certificate(json.chain)).id).toBe('spiffe://hop.lab/orders')
    const greedy = await orders.call('/v1/renew', { csr: orders.csr({ uris: [other] }).csr })
    expect(greedy.json.code).toBe('csr-asks-for-another-identity')
  })

  it('certifies a public name only for who terminates it now', async () => {
    const [orders, edge] = [await member('orders'), await member('edge')]
    const ask = async (who: typeof orders, dnsName: string) => who.call('/v1/public', { csr: who.csr().csr, dnsName })
    const granted = await ask(orders, 'shop.hop.lab')
    expect(new X509Certificate(granted.json.chain).subjectAltName).toBe('DNS:shop.hop.lab')
    expect((await ask(edge, 'shop.hop.lab')).json.code).toBe('public-name-not-yours')
    expect((await ask(orders, 'bank.example')).json.code).toBe('public-name-not-yours')
  })

  it('revoked: the stream ends, the connection and new ones are refused, everybody learns', async () => {
    const [orders, edge] = [await member('orders'), await member('edge')]
    await Promise.all([orders.connect(), edge.connect()])
    const learned = once(edge.events, 'trust')
    const ended = once(orders.events, 'ended')
    const serial = new X509Certificate(orders.pair()!.cert).serialNumber
    const { json } = await operator('POST', '/api/revoke', { serial, reason: 'keyCompromise' })
    expect(json.serials).toEqual([readSvid(new X509Certificate(orders.pair()!.cert)).serial])
    await ended
    const [message] = await learned
    expect(message.revoked).toContain(json.serials[0])
    const refused = await orders.call('/v1/renew', { csr: orders.csr().csr })
    expect([refused.status, refused.json.code]).toEqual([401, 'peer-refused'])
    edge.close()
  })

  it('revoked: another certificate of the same name goes on, and so does the stream it proved', async () => {
    const [orders, thief] = [await member('orders'), await member('orders')]
    await orders.connect()
    let ended = false
    orders.events.once('ended', () => {
      ended = true
    })
    const learned = once(orders.events, 'trust')
    const serial = new X509Certificate(thief.pair()!.cert).serialNumber
    await operator('POST', '/api/revoke', { serial, reason: 'keyCompromise' })
    await learned
    expect((await orders.call('/v1/renew', { csr: orders.csr().csr })).status).toBe(200)
    expect((await thief.call('/v1/renew', { csr: thief.csr().csr })).status).toBe(401)
    expect(ended).toBe(false)
    orders.close()
  })

  it('revoked: a connection kept open from before is refused too, by the record and not only by the CRL', async () => {
    const orders = await member('orders')
    const agent = new Agent({
      keepAlive: true,
      maxSockets: 1,
      ca: site.bootstrap,
      checkServerIdentity: () => undefined,
    })
    const renew = async () => {
      const request = httpsRequest({
        ...site.address,
        ...orders.pair(),
        agent,
        method: 'POST',
        path: '/v1/renew',
        headers: { 'content-type': 'application/json' },
      })
      request.end(JSON.stringify({ csr: orders.csr().csr }))
      const [response] = await once(request, 'response')
      const { code } = JSON.parse((await response.toArray()).join(''))
      return [response.statusCode, request.reusedSocket, code]
    }
    expect(await renew()).toEqual([200, false, undefined])
    const { serial } = readSvid(new X509Certificate(orders.pair()!.cert))
    await operator('POST', '/api/revoke', { serial, reason: 'keyCompromise' })
    expect(await renew()).toEqual([401, true, 'peer-refused'])
    agent.destroy()
  })

  it('writes every attempt down, and no secret', async () => {
    const joining = token('orders')
    const orders = createFakeWorkload(site, 'orders')
    await orders.enrol(joining)
    await orders.enrol(joining)
    const text = (await operator('GET', '/api/audit?since=0')).text
    expect(text).toMatch(/"action":"enrol","target":"orders","result":"ok"/)
    expect(text).toMatch(/"action":"enrol","target":"orders","result":"join-token-used"/)
    expect(text).not.toContain(joining)
    expect(text).not.toContain('BEGIN')
  })
})
