import { expect, test } from 'vitest'
import type { StolenUse } from '../../../scenarios/flows/stolen-use.ts'
import type { Loot } from '../../../scenarios/flows/theft-by-lifetime.ts'
import shortLives, { judgeShortLife } from '../../../scenarios/lifecycle/short-lives-limit-theft.ts'
import type { Scenario } from '../../../scenarios/scenario.ts'
import { modes } from '../../../services/modes.ts'
import { cut, hop, refusedAs, served, shop } from './outcomes.ts'

const expired = refusedAs('certificate-expired')
const ended: StolenUse = {
  before: { live: served(), fresh: served() },
  after: { live: cut, fresh: expired, resumed: expired },
  tickets: 0,
  stoppedAfterMs: { fresh: 900, resumed: 910, live: 905 },
  genuine: served(),
}
const loot = (lifetimeS: number, usableMs: number): Loot => ({
  ...{ lifetimeS, usableMs, notAfter: 0, since: 0 },
  pair: { key: '', chain: '' },
})
const revoked = { uses: new Map([[hop.link.id, { ...ended, stoppedAfterMs: { fresh: 40 } }]]), serials: [] }
const judge = (use: Partial<StolenUse> = {}) =>
  judgeShortLife(hop, {
    brief: loot(1, 880),
    use: { ...ended, ...use },
    longer: [loot(60, 59_600), loot(86_400, 86_399_500)],
    revoked: { ...revoked, acknowledgedMs: 40 },
  })

test('a certificate that ends every use of it holds; what was not waited for is said to be computed', () => {
  const { verdict, control, evidence } = judge()
  expect([verdict, control.passed]).toEqual(['holds', true])
  const lives = evidence.filter(({ kind }) => kind === 'text').map(({ text }) => text)
  expect(lives).toEqual([
    '0.9 s, observed',
    '59.6 s, computed from its notAfter',
    '86399.5 s, computed from its notAfter',
    '40 ms, observed',
  ])
})

test('one that goes on after its end, on a new connection or the open one, is broken', () => {
  const open = judge({ after: { ...ended.after, live: served() }, stoppedAfterMs: { fresh: 900, resumed: 910 } })
  expect(open).toMatchObject({ verdict: 'broken', control: { passed: true } })
  expect(open.evidence.map(({ text }) => text)).toContain('no end was seen')
  expect(judge({ after: { ...ended.after, fresh: served() } }).verdict).toBe('broken')
})

test('one that was refused for another reason, or was worth nothing, shows nothing', () => {
  const shown = [
    judge({ after: { ...ended.after, fresh: refusedAs('revoked') } }),
    judge({ stoppedAfterMs: { fresh: 900, resumed: 910 } }),
    judge({ before: { live: served(), fresh: expired } }),
    judge({ genuine: expired }),
  ]
  expect(shown.map(({ control }) => control.passed)).toEqual([false, false, false, false])
})

test('it is expected to hold where a certificate decides between workloads', () => {
  const { expected } = shortLives as Extract<Scenario, { per: 'system' }>
  const due = modes.map(mode => (typeof expected === 'function' ? expected(mode, shop) : expected[mode]))
  expect(Object.fromEntries(modes.map((mode, i) => [mode, due[i]]))).toMatchObject({
    ...{ 'edge-terminate-plaintext': 'broken', hybrid: 'holds', mtls: 'holds' },
  })
})
