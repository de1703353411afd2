import { expect, test } from 'vitest'
import { type Holdings, judgeRenewal } from '../../../scenarios/lifecycle/renewal-loses-nothing.ts'
import type { HeldCertificate } from '../../../services/chassis/observation.ts'

const held = (serial: string, key = `key of ${serial}`): HeldCertificate => ({
  ...{ kind: 'workload', name: 'spiffe://hop.lab/orders', key, serial, issuer: '' },
  ...{ notBefore: '2026-01-01T00:00:00.000Z', notAfter: '2026-01-01T00:00:03.000Z' },
})
const holding = (...certificates: HeldCertificate[]): Holdings => ({ orders: { held: certificates } })

const played: Parameters<typeof judgeRenewal>[0] = {
  names: ['orders'],
  tokens: { orders: 1 },
  first: holding(held('1')),
  told: holding(held('2')),
  byThemselves: holding(held('3')),
  last: holding(held('4')),
  meanwhile: { calls: 10, lost: [] },
}
const judge = (more: Partial<typeof played> = {}) => judgeRenewal({ ...played, ...more })
const lost = { answered: true as const, status: 502, headers: {}, body: '' }

test('new certificates twice, told to and by itself, and no order lost: it holds', () => {
  expect(judge()).toMatchObject({ verdict: 'holds', control: { passed: true } })
})

test('an order that was lost, a certificate that stayed, or came for the same key: it is broken', () => {
  const broken = [
    judge({ meanwhile: { calls: 10, lost: [lost] } }),
    judge({ told: holding(held('1')) }),
    judge({ byThemselves: holding(held('2')) }),
    judge({ byThemselves: holding(held('3', 'key of 2')) }),
    judge({ byThemselves: holding() }),
  ]
  expect(broken.map(({ verdict }) => verdict)).toEqual(broken.map(() => 'broken'))
})

test('without a token used, without orders, or without ordinary certificates at the end, nothing is shown', () => {
  const shown = [
    judge({ tokens: {} }),
    judge({ meanwhile: { calls: 1, lost: [] } }),
    judge({ last: holding(held('3')) }),
  ]
  expect(shown.map(({ control }) => control.passed)).toEqual([false, false, false])
})
