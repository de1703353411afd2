import { expect, test } from 'vitest'
import { judgeAround } from '../../../scenarios/boundary/around-the-edge.ts'
import type { Told } from '../../../scenarios/flows/story.ts'
import { answered, denied, hop, passed, refusedAs, served } from './outcomes.ts'

const failure = { name: 'filtered', code: 'filtered' }
const filtered: Told = { ...served({ rule: 'client:edge', failure }).request!, workload: 'edge' }
const unread: Told = { ...served({ rule: 'client:orders' }).request!, workload: 'orders' }
const front = { edge: 'edge', attempt: answered, entry: filtered }
const past = refusedAs('no-client-certificate')
const judge = (how: Partial<Parameters<typeof judgeAround>[1]>) =>
  judgeAround(hop, { front, honest: passed, past, genuine: served(), ...how })

test('an attack that reaches the callee past the edge is broken, one turned away for having no certificate holds', () => {
  expect(judge({ past: served({ callerBy: 'header' }) })).toMatchObject({
    verdict: 'broken',
    control: { passed: true },
  })
  expect(judge({})).toMatchObject({ verdict: 'holds', control: { passed: true } })
})

test('where the edge passes the attack on unread, the public reaches the callee as well', () => {
  const judged = judge({ front: { ...front, entry: unread }, past: served(), genuine: undefined })
  expect(judged).toMatchObject({ verdict: 'broken', control: { passed: true } })
  expect(judged.because).toContain('as it takes it from the public')
})

test('what is no attack to the edge, or turned away for another reason, shows nothing', () => {
  const { failure: _, ...harmless } = filtered
  const shown = [
    judge({ front: { ...front, entry: harmless } }),
    judge({ front: { ...front, entry: undefined } }),
    judge({ past: refusedAs('handshake-timeout') }),
    judge({ past: denied({}) }),
    judge({ honest: { passed: false, evidence: [] } }),
    judge({ genuine: refusedAs('revoked') }),
  ]
  expect(shown.map(({ control }) => control.passed)).toEqual(shown.map(() => false))
})
