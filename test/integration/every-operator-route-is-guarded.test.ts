import { once } from 'node:events'
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Control } from '../../services/control/control.ts'
import { startControl, temporaryDirectory } from './control-support.ts'

const directory = temporaryDirectory()
let control: Control
beforeAll(async () => {
  control = await startControl(directory.path)
})
afterAll(async () => {
  await control.close()
  directory.remove()
})

const routes: [string, string, object?][] = [
  ['GET', '/api/trust'],
  ['GET', '/api/certificates'],
  ['GET', '/api/state-files'],
  ['GET', '/api/requests/0123456789abcdef01234567'],
  ['GET', '/metrics/orders'],
  ['GET', '/metrics/control'],
  ['GET', '/api/prometheus/targets'],
  ['POST', '/api/workloads/orders/renew', {}],
  ['POST', '/api/workloads/orders/reenrol', {}],
  ['POST', '/api/revoke', { id: 'spiffe://hop.lab/orders', reason: 'keyCompromise' }],
  ['POST', '/api/rotation', { what: 'root' }],
  ['POST', '/api/rotation/back', {}],
  ['POST', '/api/break-glass', { link: 'gateway:orders', forS: 1, reason: 'x' }],
  ['POST', '/api/break-glass/end', {}],
  ['PUT', '/api/mode', { mode: 'mtls' }],
  ['POST', '/api/rollout/rollback', {}],
]

/** One request as bytes; `change` replaces or removes headers. Answers the status and the failure it names. */
const send = async (method: string, path: string, text: string | undefined, change: Record<string, string | null>) => {
  const { host, port } = control.operatorAddress()
  const headers: Record<string, string | null> = {
    host: `127.0.0.1:${port}`,
    authorization: `Bearer ${control.operatorToken}`,
    connection: 'close',
    ...(text === undefined ? {} : { 'content-type': 'application/json', 'content-length': String(text.length) }),
    ...change,
  }
  const head = Object.entries(headers).flatMap(([name, value]) => (value === null ? [] : [`${name}: ${value}\r\n`]))
  const socket = connect(port, host)
  socket.on('error', () => {})
  socket.write(`${method} ${path} HTTP/1.1\r\n${head.join('')}\r\n${text ?? ''}`)
  let answer = ''
  socket.on('data', bytes => {
    answer += bytes
  })
  await once(socket, 'close')
  return /"failure":"([^"]+)"/.exec(answer)?.[1]
}

const attacks: [string, Record<string, string | null>, string][] = [
  ['without the token', { authorization: null }, 'operator-token'],
  ['with another token', { authorization: 'Bearer guessed' }, 'operator-token'],
  ['by a name that leads here', { host: 'attacker.example:80' }, 'operator-host'],
  ['from a page of somebody else', { origin: 'http://attacker.example' }, 'operator-origin'],
  ['from a page of no origin', { origin: 'null' }, 'operator-origin'],
]

describe.each(routes)('%s %s', (method, path, body) => {
  const text = body && JSON.stringify(body)

  test.each(attacks)('%s is refused, and leaves no trace of having been done', async (_, change, code) => {
    const audited = control.operations.audit(0).length
    expect(await send(method, path, text, change)).toBe(code)
    expect(control.operations.audit(0)).toHaveLength(audited)
  })

  test.skipIf(!text)('as a form would send it, or larger than anybody needs, is refused', async () => {
    const audited = control.operations.audit(0).length
    expect(await send(method, path, text, { 'content-type': 'text/plain' })).toBe('content-type')
    const large = JSON.stringify({ ...body, padding: 'x'.repeat(2 << 20) })
    expect(await send(method, path, large, {})).toBe('body-too-large')
    expect(control.operations.audit(0)).toHaveLength(audited)
  })
})
