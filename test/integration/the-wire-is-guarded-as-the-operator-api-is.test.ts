import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestLab, type TestLab } from '../support/lab.ts'

let lab: TestLab
beforeAll(async () => {
  lab = await startTestLab()
})
afterAll(() => lab.close())

const ask = (path: string, init: RequestInit = {}) => fetch(`${lab.access.wire}${path}`, init)
const bearer = (token: string) => ({ authorization: `Bearer ${token}`, 'content-type': 'application/json' })

test('a wrong token is told as 401 and named', async () => {
  const answer = await ask('/wire', { headers: bearer('wrong') })
  expect(answer.status).toBe(401)
  expect(answer.headers.get('www-authenticate')).toContain('Bearer')
  expect(await answer.json()).toMatchObject({ code: 'operator-token' })
})

test('a page of another origin is told 403, even with the token', async () => {
  const answer = await ask('/wire', { headers: { ...bearer(lab.access.token), origin: 'http://evil.example' } })
  expect(answer.status).toBe(403)
})

test('an unknown link stays a 404 of the wire', async () => {
  const answer = await ask('/wire/a:b/bytes', { headers: bearer(lab.access.token) })
  expect(answer.status).toBe(404)
  expect(await answer.json()).toMatchObject({ code: 'link-unknown' })
})

test('a capture takes the whole key log of a busy workload', async () => {
  const line = `CLIENT_HANDSHAKE_TRAFFIC_SECRET ${'a'.repeat(64)} ${'b'.repeat(96)}`
  const body = JSON.stringify({ keyLog: Array(2000).fill(line) })
  const answer = await ask('/wire/orders:payments/capture', { method: 'POST', headers: bearer(lab.access.token), body })
  expect(answer.status).toBe(200)
})
