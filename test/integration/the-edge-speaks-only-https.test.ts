import { afterAll, beforeAll, expect, test } from 'vitest'
import { createPublicClient, startTestLab, type TestLab } from '../support/lab.ts'

let lab: TestLab
let client: Awaited<ReturnType<typeof createPublicClient>>
beforeAll(async () => {
  lab = await startTestLab()
  client = await createPublicClient(lab)
})
afterAll(async () => {
  await client.close()
  await lab.close()
})

test.each([
  ['an order', 201, {}],
  ['what the filter refuses', 403, { method: 'GET', path: '/orders/1?q=%3Cscript%3E', body: null }],
  ['what policy denies', 403, { method: 'GET', path: '/admin', body: null }],
] as [string, number, object][])('%s is answered with HSTS (RFC 6797 §7.1)', async (_what, status, options) => {
  const answer = await client.send(options)
  expect(answer.status).toBe(status)
  expect(answer.headers['strict-transport-security']).toMatch(/^max-age=\d{8}/)
})

test('plain HTTP is sent to HTTPS, to the name served here and nowhere else, with method and path kept', async () => {
  const { host, port } = lab.access.redirect
  for (const name of ['shop.hop.lab', 'evil.example']) {
    const answer = await fetch(`http://${host}:${port}/orders/1?a=b`, { headers: { host: name }, redirect: 'manual' })
    expect(answer.status).toBe(308)
    expect(answer.headers.get('location')).toBe(`https://shop.hop.lab:${lab.access.edge.port}/orders/1?a=b`)
  }
})
