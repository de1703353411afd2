import { describe, expect, test } from 'vitest'
import { judgeBroadPolicy } from '../../../scenarios/identity/broad-policy.ts'
import { judgeDenyByName } from '../../../scenarios/identity/deny-by-name.ts'
import { judgeInsider } from '../../../scenarios/identity/forged-identity-header.ts'
import { answered, cut, denied, hop, refusedAs, served, shop } from './outcomes.ts'

const stranger = 'spiffe://hop.lab/shipping'
const letIn = served({ caller: stranger, rule: 'allow-all', path: '/refunds' })
const turnedDown = denied({ caller: stranger })

describe('a policy that is too broad', () => {
  test('is broken when the stranger had his refund, holds when policy denied him all the same', () => {
    const broken = judgeBroadPolicy(shop, hop, { broad: letIn, narrow: turnedDown, genuine: served() })
    expect(broken).toMatchObject({ verdict: 'broken', control: { passed: true } })
    expect(broken.because).toContain('POST /refunds')
    const holds = judgeBroadPolicy(shop, hop, { broad: turnedDown, narrow: turnedDown, genuine: served() })
    expect(holds).toMatchObject({ verdict: 'holds', control: { passed: true } })
  })

  test.each([
    ['least privilege lets him in as well', { narrow: letIn }],
    ['least privilege denies somebody else', { narrow: denied({ caller: 'spiffe://hop.lab/orders' }) }],
    ['he never got as far as policy', { broad: refusedAs('revoked') }],
    ['the callee let him in and failed', { broad: { ...letIn, attempt: { ...answered, status: 404 } } }],
    ['the one who may is turned away too', { genuine: cut }],
  ])('shows nothing where %s', (_, other) => {
    const calls = { broad: letIn, narrow: turnedDown, genuine: served(), ...other }
    expect(judgeBroadPolicy(shop, hop, calls).control.passed).toBe(false)
  })
})

describe('a rule that denies a workload by its name', () => {
  const nameless = served({ callerBy: 'nobody', rule: 'deny-by-name' })
  const bare = refusedAs('no-client-certificate')

  test('is broken when saying no name gets it in, holds when its certificate says it anyway', () => {
    const broken = { named: turnedDown, silent: nameless, bare: nameless, genuine: served() }
    expect(judgeDenyByName(shop, hop, broken)).toMatchObject({ verdict: 'broken', control: { passed: true } })
    const holds = { named: turnedDown, silent: turnedDown, bare, genuine: served() }
    expect(judgeDenyByName(shop, hop, holds)).toMatchObject({ verdict: 'holds', control: { passed: true } })
    expect(judgeDenyByName(shop, hop, { ...holds, bare: nameless }).verdict).toBe('broken')
  })

  test.each([
    ['the rule denies nobody', { named: served({ caller: stranger }) }],
    ['it was refused for something else', { bare: refusedAs('handshake-timeout') }],
    ['it was denied as nobody', { silent: denied({}) }],
    ['the real caller is turned away', { genuine: cut }],
  ])('shows nothing where %s', (_, other) => {
    const calls = { named: turnedDown, silent: turnedDown, bare, genuine: served(), ...other }
    expect(judgeDenyByName(shop, hop, calls).control.passed).toBe(false)
  })
})

describe("a caller's word for who he is", () => {
  const stated = 'spiffe://hop.lab/orders'
  const said = { stated, own: stranger }
  const byHeader = served({ callerBy: 'header' })

  test('is broken when it was believed, in the header for it or in another', () => {
    expect(judgeInsider(hop, { ...said, forged: byHeader, others: cut }, served()).verdict).toBe('broken')
    const others = judgeInsider(hop, { ...said, forged: turnedDown, others: byHeader }, served())
    expect(others.verdict).toBe('broken')
    expect(others.because).toContain('nobody should read')
    const holds = judgeInsider(hop, { ...said, forged: turnedDown, others: turnedDown }, served())
    expect(holds).toMatchObject({ verdict: 'holds', control: { passed: true } })
    const unproven = denied({ caller: stranger, callerBy: 'header' })
    expect(judgeInsider(hop, { ...said, forged: unproven, others: cut }, served()).control.passed).toBe(false)
  })
})
