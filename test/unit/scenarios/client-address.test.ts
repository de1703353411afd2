import { describe, expect, test } from 'vitest'
import type { Seen } from '../../../scenarios/flows/stated-address.ts'
import { judgeLost } from '../../../scenarios/identity/client-address-lost.ts'
import { judgeClient, judgeInsider } from '../../../scenarios/identity/forged-client-address.ts'
import { judgeForgedHeader } from '../../../scenarios/identity/forged-proxy-header.ts'
import { hopsOf } from '../../../services/hops.ts'
import { answered, cut, denied, refusedAs, served, shop } from './outcomes.ts'

const own = '127.70.1.2'
const forged = '203.0.113.77'
const spliced = hopsOf(shop, 'passthrough').find(({ link }) => link.id === 'edge:orders')!
const inner = hopsOf(shop, 'mtls').find(({ link }) => link.id === 'gateway:orders')!

const seen = (clientAddress: string | undefined, more: Partial<Seen> = {}): Seen => ({
  ...{ service: 'orders', attempt: { ...answered, from: own }, arrived: true },
  record: clientAddress === undefined ? undefined : { workload: 'orders', clientAddress },
  ...more,
})

describe("a customer's address", () => {
  test('holds when the service saw his own, is broken when it saw the stated one or the edge', () => {
    expect(judgeClient(seen(own))).toMatchObject({ verdict: 'holds', control: { passed: true } })
    expect(judgeClient(seen(forged))).toMatchObject({ verdict: 'broken', control: { passed: true } })
    expect(judgeClient(seen('127.0.0.1'))).toMatchObject({ verdict: 'broken', control: { passed: true } })
  })

  test.each([
    ['the service has no record of it', seen(undefined)],
    ['the edge never saw it come', seen(own, { arrived: false })],
    ['it had no address of its own', seen('127.0.0.1', { attempt: { ...answered, from: '127.0.0.1' } })],
    ['it was not served', seen(own, { attempt: { ...cut.attempt, from: own } })],
  ])('shows nothing where %s', (_, each) => {
    expect(judgeClient(each).control.passed).toBe(false)
  })

  test('without a PROXY header it is lost or known; with one it must be known, or nothing was shown', () => {
    expect(judgeLost(seen('127.140.0.1'), seen(own))).toMatchObject({ verdict: 'broken', control: { passed: true } })
    expect(judgeLost(seen(own), seen(own))).toMatchObject({ verdict: 'holds', control: { passed: true } })
    expect(judgeLost(seen('127.140.0.1'), seen('127.140.0.1')).control.passed).toBe(false)
    expect(judgeLost(seen(undefined), seen(own)).control.passed).toBe(false)
  })
})

describe('an insider', () => {
  const from = (clientAddress: string) => {
    const outcome = served({ clientAddress, rule: 'client:orders', callerBy: 'nobody' })
    return { ...outcome, attempt: { ...answered, from: own } }
  }
  const notTls = refusedAs('plaintext-to-tls')

  test('where the service meets the public: he is one more client, and his PROXY header is refused', () => {
    const holds = judgeInsider(spliced, { forged: from(own), inFront: notTls, compared: from(own) })
    expect(holds).toMatchObject({ verdict: 'holds', control: { passed: true } })
    const byHeader = judgeInsider(spliced, { forged: from(forged), inFront: notTls, compared: from(own) })
    expect(byHeader).toMatchObject({ verdict: 'broken', control: { passed: true } })
    const inFront = judgeInsider(spliced, { forged: from(own), inFront: from(forged), compared: from(own) })
    expect(inFront).toMatchObject({ verdict: 'broken', control: { passed: true } })
    expect(inFront.because).toContain('PROXY header')
    for (const refusal of [cut, refusedAs('handshake-timeout')])
      expect(judgeInsider(spliced, { forged: from(own), inFront: refusal, compared: from(own) }).control.passed).toBe(
        false,
      )
  })

  test('behind a proxy: refused for lack of a certificate, or believed; the genuine proxy always is', () => {
    const genuine = served({ rule: inner.link.id, clientAddress: forged })
    const refused = { forged: refusedAs('no-client-certificate'), inFront: undefined, compared: genuine }
    expect(judgeInsider(inner, refused)).toMatchObject({ verdict: 'holds', control: { passed: true } })
    const believed = { forged: from(forged), inFront: undefined, compared: genuine }
    expect(judgeInsider(inner, believed)).toMatchObject({ verdict: 'broken', control: { passed: true } })
    expect(judgeInsider(inner, { ...refused, compared: cut }).control.passed).toBe(false)
    expect(judgeInsider(inner, { ...refused, forged: cut }).control.passed).toBe(false)
  })

  test('a PROXY header believed from anyone is broken, refused holds; refused from the edge alone is the control', () => {
    const believed = judgeForgedHeader(spliced, from(forged), notTls)
    expect(believed).toMatchObject({ verdict: 'broken', control: { passed: true } })
    expect(judgeForgedHeader(spliced, notTls, notTls)).toMatchObject({ verdict: 'holds', control: { passed: true } })
    expect(judgeForgedHeader(inner, refusedAs('bad-request'), refusedAs('bad-request')).control.passed).toBe(true)
    expect(judgeForgedHeader(spliced, from(forged), from(forged)).control.passed).toBe(false)
    expect(judgeForgedHeader(spliced, cut, notTls).control.passed).toBe(false)
    const turned = denied({ clientAddress: forged })
    expect(judgeForgedHeader(spliced, turned, notTls)).toMatchObject({ verdict: 'holds', control: { passed: false } })
  })
})
