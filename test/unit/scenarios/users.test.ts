import { describe, expect, test } from 'vitest'
import { judgeOffload } from '../../../scenarios/edge/auth-offload.ts'
import type { InsiderOutcome } from '../../../scenarios/flows/insider-call.ts'
import type { Told } from '../../../scenarios/flows/story.ts'
import { judgeReplay } from '../../../scenarios/identity/token-replay.ts'
import { judgeUserRole } from '../../../scenarios/identity/user-role.ts'
import { judgeUserTokens } from '../../../scenarios/identity/user-token.ts'
import type { RequestRecord } from '../../../services/chassis/observation.ts'
import { hopsOf } from '../../../services/hops.ts'
import { readTopology } from '../../../services/topology/file.ts'

const topology = readTopology('topologies/shop.yaml')
const hop = hopsOf(topology, 'mtls').find(({ link }) => link.id === 'orders:payments')!

const outcomeOf = (status: number, request: Partial<RequestRecord> = {}): InsiderOutcome => ({
  attempt: { answered: true, status, headers: {}, body: '{}' },
  request: { rule: 'orders:payments', ...request } as RequestRecord,
  evidence: [{ kind: 'request', title: 't', where: 'payments' }],
})
const served = (user = 'ada') => outcomeOf(201, { user })
const refused = (name: string, status = 401) => outcomeOf(status, { failure: { name, code: name } })
const denied = outcomeOf(403, { rule: undefined, denied: 'no rule' } as Partial<RequestRecord>)
const holding = { verdict: 'holds', control: { passed: true } }
const breaking = { verdict: 'broken', control: { passed: true } }
const nothing = { control: { passed: false } }

describe('user-token', () => {
  const tried = (forged: InsiderOutcome, good = served()) => [
    { what: 'a good token', due: null, outcome: good },
    { what: 'a forged one', due: 'token-forged', outcome: forged },
  ]
  const before = tried(served(), served())

  test('holds when the bad token is refused by its name, is broken when it is served', () => {
    expect(judgeUserTokens(hop, before, tried(refused('token-forged')))).toMatchObject(holding)
    expect(judgeUserTokens(hop, before, tried(served()))).toMatchObject(breaking)
  })

  test.each([
    ['a refusal for another reason', before, tried(refused('token-expired'))],
    ['a refusal by policy', before, tried(denied)],
    ['a service that fails', before, tried(outcomeOf(500))],
    ['a good token refused', before, tried(refused('token-forged'), refused('token-forged'))],
    ['a good token served for somebody else', before, tried(refused('token-forged'), served('eve'))],
    ['users refused before there was a check', tried(refused('token-forged')), tried(refused('token-forged'))],
  ])('%s shows nothing', (_, first, after) => {
    expect(judgeUserTokens(hop, first, after)).toMatchObject(nothing)
  })
})

describe('user-role', () => {
  const lacking = refused('role-missing', 403)

  test('holds when the role alone made the difference, is broken when it made none', () => {
    expect(judgeUserRole(hop, 'support', { before: served(), without: lacking, having: served() })).toMatchObject(
      holding,
    )
    expect(judgeUserRole(hop, 'support', { before: served(), without: served(), having: served() })).toMatchObject(
      breaking,
    )
  })

  test.each([
    ['a workload denied by policy', { before: served(), without: denied, having: served() }],
    ['a token refused', { before: served(), without: refused('token-forged'), having: served() }],
    ['a role that helps nobody', { before: served(), without: lacking, having: lacking }],
    ['a request refused before there was a check', { before: lacking, without: lacking, having: served() }],
  ])('%s shows nothing', (_, asked) => {
    expect(judgeUserRole(hop, 'support', asked)).toMatchObject(nothing)
  })
})

describe('token-replay', () => {
  const token = 'aaaa.bbbb.cccc'
  const heard = (raw: string, opened = '') => ({ raw: () => Buffer.from(raw), decrypted: () => Buffer.from(opened) })
  const owner = served()
  const judge = (overheard: ReturnType<typeof heard>, replayed?: InsiderOutcome, by = owner) =>
    judgeReplay(hop, { topology }, { token, overheard, owner: by, ...(replayed ? { replayed } : {}) })

  test('is broken when what was read served an insider, holds when only the ends could read it', () => {
    expect(judge(heard(`Bearer ${token}`), served())).toMatchObject(breaking)
    expect(judge(heard('\x17\x03\x03', `Bearer ${token}`))).toMatchObject(holding)
  })

  test('a token that never passed, one that is no good, or an insider refused for anything else shows nothing', () => {
    expect(judge(heard('\x17\x03\x03'))).toMatchObject(nothing)
    expect(judge(heard('', token), undefined, refused('token-expired'))).toMatchObject(nothing)
    expect(judge(heard(token), denied)).toMatchObject(nothing)
  })
})

describe('auth-offload', () => {
  const told = (workload: string, userBy: 'token' | 'assertion', user = 'ada') => ({ workload, userBy, user }) as Told
  const attempt = { answered: true, status: 201, headers: {}, body: '' } as const
  const through = [told('edge', 'token'), told('orders', 'assertion'), told('payments', 'assertion')]
  const forged = refused('assertion-forged')
  const seen = { edge: 'edge', hop, genuine: served('eve'), stolen: forged, said: forged }
  const customer = (records: Told[], more = {}) => ({
    customer: { ...{ subject: 'ada', attempt, arrived: true, further: [] }, told: records, ...more },
  })

  test('holds when the edge alone checked and only its word was taken', () => {
    expect(judgeOffload({ ...seen, ...customer(through) })).toMatchObject(holding)
  })

  test('is broken when somebody else had to check, too or instead, and when a forged word was taken', () => {
    const passed = [{ workload: 'edge' } as Told, told('orders', 'token'), told('payments', 'assertion')]
    const twice = [told('edge', 'token'), told('orders', 'token')]
    for (const records of [passed, twice])
      expect(judgeOffload({ ...seen, ...customer(records) })).toMatchObject(breaking)
    expect(judgeOffload({ ...seen, ...customer(through), stolen: served('eve') })).toMatchObject(breaking)
  })

  test('is broken when the token went on although the edge checked it', () => {
    const passedOn = judgeOffload({ ...seen, ...customer(through, { further: ['gateway:orders'] }) })
    expect(passedOn).toMatchObject(breaking)
    expect(passedOn.because).toContain('passed it on all the same, over gateway:orders')
  })

  test('a token that never arrived shows nothing', () => {
    expect(judgeOffload({ ...seen, ...customer(through, { arrived: false }) })).toMatchObject(nothing)
  })

  test('an unknown user, a genuine word refused, or a forged one refused for anything else shows nothing', () => {
    const lost = [told('edge', 'token'), { workload: 'orders' } as Told]
    expect(judgeOffload({ ...seen, ...customer(lost) })).toMatchObject(nothing)
    expect(judgeOffload({ ...seen, ...customer(through), genuine: forged })).toMatchObject(nothing)
    expect(judgeOffload({ ...seen, ...customer(through), said: denied })).toMatchObject(nothing)
  })
})
