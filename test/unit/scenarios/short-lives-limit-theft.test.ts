import { expect, test } from 'vitest'
import type { StolenUse } from '../../../scenarios/flows/stolen-use.ts'
import type { Lived, Loot } from '../../../scenarios/flows/theft-by-lifetime.ts'
import shortLives, { judgeShortLives } from '../../../scenarios/lifecycle/short-lives-limit-theft.ts'
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
const goesOn: Partial<StolenUse> = {
  after: { live: served(), fresh: served(), resumed: expired },
  stoppedAfterMs: {},
}
const loot = (lifetimeS: number, usableMs: number): Loot => ({
  ...{ lifetimeS, usableMs, notAfter: 0, since: 0 },
  pair: { key: '', chain: '' },
})
const revoked = {
  ...{ serials: [], acknowledgedMs: 40 },
  uses: new Map([[hop.link.id, { ...ended, stoppedAfterMs: { fresh: 40 } }]]),
}
const brief = (use: Partial<StolenUse> = {}): Lived => ({ loot: loot(1, 880), use: { ...ended, ...use } })
const longer = (use: Partial<StolenUse> = {}, more: Partial<Lived> = {}): Lived => ({
  loot: loot(2, 1_890),
  use: { ...ended, stoppedAfterMs: { fresh: 1_900, resumed: 1_905, live: 1_910 }, ...use },
  outliving: served(),
  ...more,
})
const judge = (...lived: Lived[]) =>
  judgeShortLives(hop, { lived, computed: [loot(60, 59_600), loot(86_400, 86_399_500)], revoked })

test('certificates that end every use of them hold; what was not waited for is said to be computed', () => {
  const { verdict, because, control, evidence } = judge(brief(), longer())
  expect([verdict, control.passed]).toEqual(['holds', true])
  expect(because).toContain('used for 0.9 s and 1.9 s, each refused as expired')
  const lives = evidence.filter(({ kind }) => kind === 'text').map(({ text }) => text)
  expect(lives).toEqual([
    '0.9 s, observed',
    '1.9 s, observed',
    '59.6 s, computed from its notAfter',
    '86399.5 s, computed from its notAfter',
    '40 ms, observed',
  ])
})

test('one that goes on after its end, on a new connection or the open one, is broken at any lifetime', () => {
  const live = { after: { ...ended.after, live: served() }, stoppedAfterMs: { fresh: 900, resumed: 910 } }
  const open = judge(brief(live), longer())
  expect(open).toMatchObject({ verdict: 'broken', control: { passed: true } })
  expect(open.evidence.map(({ text }) => text)).toContain('no end was seen')
  expect(judge(brief({ after: { ...ended.after, fresh: served() } }), longer()).verdict).toBe('broken')
  expect(judge(brief(), longer(goesOn))).toMatchObject({ verdict: 'broken', control: { passed: true } })
  expect(judge(brief(goesOn), longer(goesOn))).toMatchObject({ verdict: 'broken', control: { passed: true } })
})

test('one that was refused for another reason, or was worth nothing, shows nothing at any lifetime', () => {
  const uses: Partial<StolenUse>[] = [
    { after: { ...ended.after, fresh: refusedAs('revoked') } },
    { stoppedAfterMs: { fresh: 1_900, resumed: 1_910 } },
    { before: { live: served(), fresh: expired } },
    { genuine: expired },
  ]
  const shown = uses.flatMap(use => [judge(brief(use), longer()), judge(brief(), longer(use))])
  expect(shown.map(({ control }) => control.passed)).toEqual(shown.map(() => false))
})

test('a longer-lived one that was not good for longer shows nothing about lifetimes', () => {
  const { outliving: _, ...untried } = longer()
  const shown = [
    judge(brief()),
    judge(brief(), untried),
    judge(brief(), longer({}, { outliving: expired })),
    judge(brief(), longer({ stoppedAfterMs: ended.stoppedAfterMs })),
    judge(brief(), longer({}, { loot: loot(1, 890) })),
    judge(brief(goesOn), longer(goesOn, { outliving: expired })),
  ]
  expect(shown.map(({ control }) => control.passed)).toEqual(shown.map(() => false))
})

test('it is expected to hold where a certificate decides between workloads', () => {
  const { expected } = shortLives as Extract<Scenario, { per: 'system' }>
  const due = modes.map(mode => (typeof expected === 'function' ? expected(mode, shop) : expected[mode]))
  expect(Object.fromEntries(modes.map((mode, i) => [mode, due[i]]))).toMatchObject({
    ...{ 'edge-terminate-plaintext': 'broken', hybrid: 'holds', mtls: 'holds' },
  })
})
