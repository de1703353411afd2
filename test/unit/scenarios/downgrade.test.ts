import { expect, test } from 'vitest'
import { judgeDowngrade, type Offered } from '../../../scenarios/edge/downgrade.ts'
import { createOldServer, oldOffers } from '../../../scenarios/tools/old-tls.ts'
import { dialRaw } from '../../../scenarios/tools/raw.ts'

const refused: Offered = { offer: 'TLS 1.0', client: 'protocol-version', reader: 'protocol-version' }
const taken: Offered = { offer: 'TLS 1.0', taken: 'TLSv1 TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA' }
const modern: Offered = { offer: 'TLS 1.3', taken: 'TLSv1.3 TLS_AES_128_GCM_SHA256' }
const run = { reader: 'edge', offered: [refused], modern, careless: [taken] }

test('an old version refused for its version holds, one that was taken is broken', () => {
  expect(judgeDowngrade(run)).toMatchObject({ verdict: 'holds', control: { passed: true } })
  const agreed = judgeDowngrade({ ...run, offered: [taken] })
  expect(agreed).toMatchObject({ verdict: 'broken', control: { passed: true } })
  expect(agreed.because).toContain('TLSv1 TLS_ECDHE')
})

test.each([
  ['refused for another reason', { offered: [{ ...refused, client: 'connection-closed' }] }],
  ['the reader has no record of it', { offered: [{ offer: 'TLS 1.0', client: 'protocol-version' }] }],
  ['TLS 1.3 is refused too', { modern: { offer: 'TLS 1.3', client: 'connection-refused' } }],
  ['not even a careless server takes it', { careless: [refused] }],
  ['nothing was offered to a careless server', { careless: [] }],
])('%s: nothing was shown', (_, change) => {
  expect(judgeDowngrade({ ...run, ...change }).control.passed).toBe(false)
})

test('every offer can really be made: a server without standards takes each for what it says', async () => {
  const server = await createOldServer()
  try {
    const agreed = []
    for (const { tls } of oldOffers) {
      const { raw } = await dialRaw({ address: server.address, tls: { ...tls, rejectUnauthorized: false } })
      agreed.push(`${raw?.protocol} ${raw?.cipher}`)
      raw?.close()
    }
    expect(agreed).toEqual([
      expect.stringMatching(/^TLSv1 .*_CBC_SHA$/),
      expect.stringMatching(/^TLSv1\.1 .*_CBC_SHA$/),
      expect.stringMatching(/^TLSv1\.2 .*_CBC_SHA$/),
      expect.stringMatching(/^TLSv1\.2 TLS_RSA_WITH_/),
    ])
  } finally {
    await server.close()
  }
})
