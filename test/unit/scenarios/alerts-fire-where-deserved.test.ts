import { describe, expect, test } from 'vitest'
import type { Moment } from '../../../scenarios/flows/alert-watch.ts'
import { placesIn, provocationsAt } from '../../../scenarios/flows/provocations.ts'
import alertsFire, { judgeAlerts } from '../../../scenarios/lifecycle/alerts-fire-where-deserved.ts'
import type { Attempt } from '../../../scenarios/tools/attempt.ts'
import { usualHopsOf } from '../../../services/hops.ts'
import { type Mode, modes } from '../../../services/modes.ts'
import { answered, shop } from './outcomes.ts'

const places = placesIn(shop, 'mtls', usualHopsOf(shop, 'mtls'))
const { expiry, trust, impostor, clock } = provocationsAt(places)
const provoked = [expiry, trust, impostor, clock]
const failed: Attempt = { answered: false, failure: { name: 'certificate-expired', code: 'CERT_HAS_EXPIRED' } }

/** Everything in its turn: quiet, each thing with its alerts, quiet. */
const moments: Moment[] = [
  { active: [], firing: [] },
  { active: [expiry, trust], firing: [...expiry.deserves, ...trust.deserves] },
  { active: [impostor], firing: [...impostor.deserves] },
  { active: [clock], firing: [...clock.deserves] },
]
const quiet: Moment = { active: [], firing: [] }
const good: Parameters<typeof judgeAlerts>[0] = {
  ...{ moments, last: quiet, provoked, before: answered, after: answered },
  expiry: { inTime: answered, failed },
  impostor: { attempt: failed, connections: 1, served: 0 },
}
const judge = (more: Partial<typeof good> = {}) => judgeAlerts({ ...good, ...more })
const replaced = (index: number, firing: Moment['firing']): Moment[] =>
  moments.map((moment, i) => (i === index ? { ...moment, firing } : moment))

test('holds where each thing raised its alert, and nothing else', () => {
  expect(judge()).toMatchObject({ verdict: 'holds', control: { passed: true } })
})

describe('is broken', () => {
  const says = (more: Partial<typeof good>) => {
    const { verdict, because, control } = judge(more)
    expect([verdict, control.passed]).toEqual(['broken', true])
    return because
  }

  test('where something raised none', () => {
    expect(says({ moments: replaced(2, []) })).toBe('an impostor answers on edge:gateway, and nobody is told')
  })

  test('where it raised only some of what it deserves', () => {
    expect(says({ moments: replaced(1, [...trust.deserves, expiry.deserves[0]]) })).toMatch(/^the certificates of edge/)
  })

  test('where an alert fired that nothing deserved, or at another place', () => {
    expect(says({ moments: replaced(0, [{ alert: 'ClockSkew', where: 'orders' }]) })).toMatch(
      /ClockSkew fired at orders/,
    )
    const elsewhere = [...impostor.deserves, { alert: 'HandshakeFailures', where: 'orders:payments' }]
    expect(says({ moments: replaced(2, elsewhere) })).toMatch(
      /HandshakeFailures fired at orders:payments for no reason/,
    )
  })

  test('where one goes on after the repair', () => {
    expect(says({ last: { active: [], firing: [...trust.deserves] } })).toMatch(
      /^TrustBehind fired at .* for no reason$/,
    )
  })

  test('where requests failed before the alert came', () => {
    expect(says({ expiry: { inTime: failed, failed } })).toMatch(/before an alert fired/)
  })
})

test('counts for nothing where nothing expired, nobody dialled the impostor, or the lab did not work', () => {
  const passed = (more: Partial<typeof good>) => judge(more).control.passed
  expect(passed({ expiry: { inTime: answered, failed: answered } })).toBe(false)
  expect(passed({ impostor: { ...good.impostor, connections: 0 } })).toBe(false)
  expect(passed({ before: failed })).toBe(false)
  expect(passed({ after: failed })).toBe(false)
  expect(passed({ moments: moments.slice(0, 3) })).toBe(false)
})

test('nobody is told of an impostor where the first inner link is plaintext', () => {
  const { expected } = alertsFire
  const due = (mode: Mode) => typeof expected === 'function' && expected(mode, shop)
  expect(modes.filter(mode => due(mode) === 'broken')).toHaveLength(1)
})
