import { describe, expect, test } from 'vitest'
import { beside, containerOf, docker, engineThere, project } from './engine.ts'
import { inMode, report } from './stack.ts'

/** Charges a card, in plaintext or over TLS that checks nothing and shows nothing. */
const charge = (scheme: 'http' | 'https', host: string) => `
  import { request } from 'node:${scheme}'
  const asked = request({
    host: '${host}', port: 8443, method: 'POST', path: '/charges', rejectUnauthorized: false, timeout: 5000,
    headers: { 'content-type': 'application/json', 'x-spiffe-id': 'spiffe://hop.lab/orders' },
  })
  asked.on('response', async answer => console.log(JSON.stringify({ status: answer.statusCode, text: (await answer.toArray()).join('') })))
  asked.on('error', error => console.log(JSON.stringify({ code: error.code })))
  asked.end(JSON.stringify({ card: '4000000000000002', amount: 99 }))`

describe.skipIf(!engineThere())('an attacker inside', () => {
  const namespaceOf = async (service: string) => `container:${await containerOf(service)}`
  const failures = async (name: string, since: string) =>
    (await report(name)).connections
      .filter(({ at, failure }) => failure && at >= since)
      .map(({ failure }) => failure?.name)
  const charges = async (since: string) =>
    (await report('payments')).requests.filter(({ at, path }) => path === '/charges' && at >= since)

  test('with a place at a caller charges cards where links are plaintext', async () => {
    await inMode('edge-terminate-plaintext')
    const since = new Date().toISOString()
    expect(await beside(await namespaceOf('orders'), charge('http', 'payments'))).toMatchObject({ status: 201 })
    expect(await charges(since)).toMatchObject([{ status: 201, callerBy: expect.stringMatching(/header|nobody/) }])
  })

  test('and is refused where they are mutual TLS: the place has no key in it', async () => {
    await inMode('mtls')
    const since = new Date().toISOString()
    const place = await namespaceOf('orders')
    for (const scheme of ['http', 'https'] as const)
      expect(await beside(place, charge(scheme, 'payments'))).not.toHaveProperty('status', 201)
    expect(await failures('payments', since)).toEqual(['plaintext-to-tls', 'no-client-certificate'])
    expect((await charges(since)).filter(({ status }) => status < 300)).toEqual([])
  })

  test('with a place on the internal network alone does not even find the sensitive zone', async () => {
    expect(await beside(`${project}_internal`, charge('https', 'payments'))).toEqual({
      code: expect.stringMatching(/^(ENOTFOUND|EAI_AGAIN)$/),
    })
  })

  test('in the place of a legacy program does reach it in plaintext: a pod is one machine', async () => {
    const script = charge('http', '127.0.0.1').replace('8443', '9000').replace('/charges', '/shipments')
    expect(await beside(await namespaceOf('shipping-pod'), script)).toHaveProperty('status')
  })

  test('finds no secret in the image', async () => {
    const look = [
      'find /app /cache /tmp /var/lib/hop -type f -name "*.pem" -o -name "*.key" -o -name "*secret" -o -name "*token"',
      'grep -rlE -e "^-----BEGIN [A-Z ]*PRIVATE KEY-----" /app /cache',
    ]
    const args = ['run', '--rm', '--network', 'none', '--entrypoint', 'sh', 'hop-by-hop:0.1.0', '-c']
    expect(await docker([...args, `${look.join('; ')}; true`])).toBe('')
  })
})
