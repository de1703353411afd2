import { describe, expect, test } from 'vitest'
import { run } from '../witness/tools.ts'
import { compose, containerOf, docker, engineThere, project } from './engine.ts'
import { inMode, report } from './stack.ts'

const card = '{"card":"4000000000000002","amount":99}'

/** What came of an attack from a network, or from the place of a workload that was taken over. */
const attack = async (network: string, ...args: string[]): Promise<string> => {
  const start = ['run', '--rm', '--network', network, '--read-only', '--cap-drop', 'ALL', '--entrypoint', 'node']
  const { out } = await run('docker', [...start, 'hop-by-hop:0.1.0', 'containers/attack.js', ...args])
  return out.trim()
}

describe.skipIf(!engineThere())('an attacker inside', () => {
  const placeOf = async (service: string) => `container:${await containerOf(service)}`
  const failures = async (name: string, since: string) =>
    (await report(name)).connections
      .filter(({ at, failure }) => failure && at >= since)
      .map(({ failure }) => failure?.name)
  const charges = async (since: string) =>
    (await report('payments')).requests.filter(({ at, path }) => path === '/charges' && at >= since)

  test('with the place of a caller charges cards where links are plaintext', async () => {
    await inMode('edge-terminate-plaintext')
    const since = new Date().toISOString()
    const as = ['--as', 'orders']
    expect(await attack(await placeOf('orders'), 'POST', 'http://payments:8443/charges', card, ...as)).toMatch(/^201 /)
    expect(await charges(since)).toMatchObject([{ status: 201, callerBy: 'header' }])
  })

  test('and is refused where they are mutual TLS: there is no key in that place', async () => {
    await inMode('mtls')
    const since = new Date().toISOString()
    const place = await placeOf('orders')
    const charge = (scheme: string) =>
      attack(place, 'POST', `${scheme}://payments:8443/charges`, card, '--as', 'orders')
    expect(await charge('http')).toMatch(/^(426|refused: )/)
    expect(await charge('https')).toMatch(/^refused: /)
    expect(await failures('payments', since)).toEqual(['plaintext-to-tls', 'no-client-certificate'])
    expect(await charges(since)).toEqual([])
  })

  test('with a place on the internal network alone does not even find the sensitive zone', async () => {
    expect(await attack(`${project}_internal`, 'POST', 'https://payments:8443/charges', card)).toMatch(
      /^(refused: .*\((ENOTFOUND|EAI_AGAIN|ETIMEDOUT)\))?$/,
    )
    const asService = compose('--profile', 'attacker', 'run', '--rm', '-T', 'attacker', 'https://orders:8443/orders/1')
    await expect(asService).rejects.toMatchObject({ out: expect.stringMatching(/^refused: /) })
  })

  test('in the pod of a legacy program reaches that in plaintext: a pod is one machine', async () => {
    const url = 'http://127.0.0.1:9000/shipments'
    expect(await attack(await placeOf('shipping-pod'), 'POST', url, '{"address":"1 Harbour Street"}')).toMatch(/^201 /)
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
