import { expect, test } from 'vitest'
import { judgeHygiene } from '../../../scenarios/edge/edge-hygiene.ts'
import type { Met } from '../../../scenarios/flows/hygiene.ts'
import type { ConnectionRecord } from '../../../services/chassis/observation.ts'

const ingress = { edge: 'edge', serverName: 'shop.hop.lab' }
const hsts = 'max-age=63072000; includeSubDomains'
const refused = { failure: { name: 'plaintext-to-tls', code: 'x' } } as ConnectionRecord
const clean: Met = {
  agreed: [
    { offered: 'both', taken: 'TLSv1.3 TLS_AES_128_GCM_SHA256' },
    { offered: 'TLS 1.2 only', taken: 'TLSv1.2 TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256' },
  ],
  answered: [
    { what: 'an honest request', status: 201, hsts },
    { what: 'another host', status: 421, hsts },
  ],
  redirected: [{ host: 'evil.example', status: 308, location: 'https://shop.hop.lab:8443/a' }],
  plaintext: { status: 426, refused, served: [] },
}
const judge = (change: Partial<Met> = {}) => judgeHygiene({ ...clean, ...change }, ingress)

test('modern TLS, HSTS everywhere and no plaintext holds; TLS 1.2 may also be refused', () => {
  expect(judge()).toMatchObject({ verdict: 'holds', control: { passed: true } })
  expect(judge({ agreed: [clean.agreed[0]!, { offered: 'TLS 1.2 only' }] }).verdict).toBe('holds')
})

test.each<[string, Partial<Met>]>([
  [
    'an old version',
    { agreed: [...clean.agreed, { offered: 'x', taken: 'TLSv1.1 TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA' }] },
  ],
  [
    'a cipher without AEAD',
    { agreed: [...clean.agreed, { offered: 'x', taken: 'TLSv1.2 TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA' }] },
  ],
  [
    'no forward secrecy',
    { agreed: [...clean.agreed, { offered: 'x', taken: 'TLSv1.2 TLS_RSA_WITH_AES_128_GCM_SHA256' }] },
  ],
  ['a refusal without HSTS', { answered: [clean.answered[0]!, { what: 'another host', status: 421 }] }],
  ['an HSTS of a day', { answered: [{ ...clean.answered[0]!, hsts: 'max-age=86400' }, clean.answered[1]!] }],
  ['plain HTTP served', { redirected: [{ host: 'x', status: 200, location: '' }] }],
  ['plain HTTP led elsewhere', { redirected: [{ host: 'x', status: 308, location: 'https://evil.example/' }] }],
  ['plain HTTP led to plain HTTP', { redirected: [{ host: 'x', status: 308, location: 'http://shop.hop.lab/' }] }],
  ['plaintext served at the port of TLS', { plaintext: { status: 200, refused, served: [] } }],
  ['plaintext in a record', { plaintext: { status: 426, refused, served: ['orders'] } }],
])('%s is broken', (_, change) => {
  expect(judge(change)).toMatchObject({ verdict: 'broken', control: { passed: true } })
})

test.each<[string, Partial<Met>]>([
  ['an honest request failed', { answered: [{ ...clean.answered[0]!, status: 502 }] }],
  ['a refusal was none', { answered: [clean.answered[0]!, { ...clean.answered[1]!, status: 201 }] }],
  ['nobody refused the plaintext', { plaintext: { status: 0, served: [] } }],
  ['TLS 1.3 was not agreed on', { agreed: [] }],
])('%s: nothing was shown', (_, change) => {
  expect(judge(change).control.passed).toBe(false)
})
