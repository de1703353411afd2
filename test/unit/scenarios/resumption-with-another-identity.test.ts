import { expect, test } from 'vitest'
import { judgeResumption } from '../../../scenarios/identity/resumption-with-another-identity.ts'
import { answered, denied, hop, refusedAs, served, shop } from './outcomes.ts'

const orders = 'spiffe://hop.lab/orders'
const careless = { tickets: 2, resumed: true, takenFor: orders, begunBy: orders, attempt: answered }
const proven = {
  ...{ hop, topology: shop, tickets: 2, genuine: served(), stranger: 'shipping' },
  another: denied({ caller: 'spiffe://hop.lab/shipping' }),
  nobody: refusedAs('no-client-certificate'),
}
const judge = (how: Partial<typeof proven>, beside: typeof careless | undefined = careless) =>
  judgeResumption({ ...proven, ...how }, beside)

test('who comes back with another certificate is taken for whom it names, who has none is refused: holds', () => {
  expect(judge({})).toMatchObject({ verdict: 'holds', control: { passed: true } })
})

test('who is served as the one before him is broken, in his session or by his word', () => {
  expect(judge({ another: served({}, { resumed: true }) }).because).toContain('in its session')
  const stated = judge({ nobody: served({ callerBy: 'header' }) })
  expect(stated).toMatchObject({ verdict: 'broken', control: { passed: true } })
  expect(stated.because).toContain('by their word alone')
})

test('a refusal for another reason, or of a session that was resumed, shows nothing', () => {
  const shown = [
    judge({ nobody: refusedAs('handshake-timeout') }),
    judge({ another: denied({ caller: orders }) }),
    judge({ another: denied({ caller: 'spiffe://hop.lab/shipping', callerBy: 'header' }) }),
    judge({ another: { ...proven.another, connection: { ...served().connection!, resumed: true } } }),
    judge({ genuine: refusedAs('revoked') }),
  ]
  expect(shown.map(({ control }) => control.passed)).toEqual(shown.map(() => false))
})

test('tools that cannot resume where it is possible show nothing', () => {
  expect(judge({}, { ...careless, resumed: false }).control.passed).toBe(false)
  expect(judge({}, { ...careless, takenFor: 'spiffe://hop.lab/shipping' }).control.passed).toBe(false)
  expect(judgeResumption(proven, undefined).control.passed).toBe(false)
})
