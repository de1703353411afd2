import { expect, test } from 'vitest'
import type { Tried } from '../../../scenarios/flows/tried-link.ts'
import { type Glass, judgeBreakGlass, relaxableIn } from '../../../scenarios/lifecycle/break-glass.ts'
import type { AuditEntry } from '../../../services/control/state/audit.ts'
import { hopsOf } from '../../../services/hops.ts'
import { answered, hop, shop } from './outcomes.ts'

const failed: Tried = {
  answer: { answered: true, status: 502, headers: {}, body: '' },
  ...{ served: false, failure: 'tls-record', readable: [] },
}
const served = (transport: 'plaintext' | 'mtls', readable: string[] = []): Tried => ({
  ...{ answer: answered, served: true, transport, readable },
})
const entry = (action: string, detail: AuditEntry['detail']): AuditEntry => ({
  ...{ id: 1, at: 0, who: 'operator', action, target: hop.link.id, result: 'ok', detail },
})

const seen: Glass = {
  broken: failed,
  relaxed: served('plaintext', [hop.link.id]),
  after: failed,
  mended: served('mtls'),
  reason: 'why',
  begun: entry('break-glass', { reason: 'why' }),
  ended: entry('break-glass-end', { by: 'itself' }),
}

test('a link that was relaxed alone, on the record, and came back by itself holds', () => {
  expect(judgeBreakGlass(hop, seen)).toMatchObject({ verdict: 'holds', control: { passed: true } })
})

test('a link that is readable anyway does not count as opened', () => {
  const readable = ['orders:inventory']
  const open = { relaxed: served('plaintext', [...readable, hop.link.id]), mended: served('mtls', readable) }
  expect(judgeBreakGlass(hop, { ...seen, ...open }).verdict).toBe('holds')
})

test.each<[string, Partial<Glass>, RegExp]>([
  ['it did not help', { relaxed: failed }, /was not served while it was relaxed/],
  ['another link was opened too', { relaxed: served('plaintext', [hop.link.id, 'edge:gateway']) }, /edge:gateway/],
  ['the link was not opened', { relaxed: served('mtls') }, /readable meanwhile: nothing/],
  ['nobody wrote its beginning down', { begun: undefined }, /with its reason/],
  ['nobody wrote its reason down', { begun: entry('break-glass', {}) }, /with its reason/],
  ['nobody wrote its end down', { ended: undefined }, /ended by itself/],
  ['an operator had to end it', { ended: entry('break-glass-end', { by: 'operator' }) }, /ended by itself/],
  ['it did not end', { after: served('plaintext', [hop.link.id]) }, /served as plaintext after its time/],
])('%s: broken', (_, change, because) => {
  const observed = judgeBreakGlass(hop, { ...seen, ...change })
  expect(observed).toMatchObject({ verdict: 'broken', control: { passed: true } })
  expect(observed.because).toMatch(because)
})

test.each<[string, Partial<Glass>]>([
  ['the link was not broken before', { broken: served('mtls') }],
  ['it was broken for another reason', { broken: { ...failed, failure: 'connection-refused' } }],
  ['the mended link is not served', { mended: failed }],
  ['the mended link goes another way than its mode says', { mended: served('plaintext') }],
  ['the mended link can be read', { mended: served('mtls', [hop.link.id]) }],
])('%s: nothing was shown', (_, change) => {
  expect(judgeBreakGlass(hop, { ...seen, ...change }).control.passed).toBe(false)
})

test('the link into the sensitive zone is tried first; a mode all in plaintext has none to try', () => {
  expect(relaxableIn(hopsOf(shop, 'mtls'), shop)?.link.id).toBe('orders:payments')
  expect(relaxableIn(hopsOf(shop, 'edge-terminate-plaintext'), shop)).toBeUndefined()
})
