import { expect, it } from 'vitest'
import { outcomesOf } from '../../../cli/explain/outcomes.ts'
import { howItCameOut, whatIsTried } from '../../../cli/explain/prose.ts'
import type { Cell } from '../../../scenarios/scenario.ts'
import { eavesdrop, matrix, rogue } from './fixtures.ts'

const cell = (change: Partial<Cell>): Cell => ({ ...matrix.cells[0]!, verdict: 'holds', asExpected: true, ...change })
const unread = (link: string, data: string, bytes: number) =>
  cell({ link, because: `none of ${data} could be read in ${bytes} bytes, which ${link.split(':')[1]} had` })

it('what is tried names the guarantee and the claims in words', () => {
  const text = whatIsTried({ ...eavesdrop, explanation: 'Somebody listens. In plaintext he reads.' })
  expect(text).toMatch(
    /^Somebody listens\. In plaintext he reads\. The guarantee put to the test: the card number stays/,
  )
  expect(text).toContain('on each link')
  expect(text).toMatch(/B1 \(“[^”]+”\) and B2 \(“[^”]+”\)\.$/)
  expect(whatIsTried(rogue)).toMatch(/^Somebody without a certificate .*\. The guarantee put to the test: /)
})

it('links that came out alike are told together, what differs apart, what is not applicable last', () => {
  const cells = [
    cell({ link: 'e:f', verdict: 'not-applicable', because: 'no request takes this link in this mode' }),
    unread('a:b', 'card, token', 5604),
    cell({ link: 'c:d', verdict: 'broken', because: 'stock stood readable in 615 bytes' }),
    unread('b:c', 'stock', 612),
    cell({ link: 'd:e', because: 'the caller was refused for lack of a certificate' }),
  ]
  expect(outcomesOf(cells).map(outcome => outcome.map(({ link }) => link))).toEqual([
    ['a:b', 'b:c'],
    ['c:d'],
    ['d:e'],
    ['e:f'],
  ])
})

it('a paragraph says how it came out, why, what was seen, and that the control came out the other way', () => {
  const cells = [unread('a:b', 'card', 10), unread('b:c', 'stock', 20)]
  const text = howItCameOut('mtls', cells, '2026-01-01T00:00:00.000Z')
  expect(text).toBe(
    'In mtls (every inner hop is mutual TLS; both ends prove themselves) the guarantee holds on a → b and b → c: none of card could be read in 10 bytes, which b had (a → b, for one). Seen on a → b: the canary (edge → gateway): “card 4000·[31m”. The control came out as it must: found where it should be (client): 1. It was observed at 2026-01-01 00:00:00 UTC.',
  )
})

it('that it was run twice is told, and why', () => {
  const cells = [cell({ link: 'a:b', firstTry: 'the run broke off: no-answer' })]
  expect(howItCameOut('mtls', cells)).toContain('It was run twice; at first the run broke off: no-answer.')
})

it('of a guarantee that holds the failure is told first', () => {
  const evidence: Cell['evidence'] = [
    { kind: 'request', title: 'before', where: 'b', text: '201' },
    { kind: 'failure', title: 'after', where: 'b', text: 'revoked (CERT_REVOKED)' },
  ]
  expect(howItCameOut('mtls', [cell({ evidence, link: 'a:b' })])).toContain('Seen on a → b: after (b): “revoked')
  expect(howItCameOut('mtls', [cell({ evidence, link: 'a:b', verdict: 'broken' })])).toContain('before (b): “201”')
})

it('what was not expected, and what was not shown, is said', () => {
  expect(howItCameOut('mtls', [cell({ verdict: 'broken', asExpected: false, expected: 'holds' })])).toContain(
    'That is not as expected (holds).',
  )
  const nothing = howItCameOut('mtls', [cell({ verdict: 'inconclusive', because: 'the run broke off: lab-gone' })])
  expect(nothing).toContain('was shown neither to hold nor to be broken')
  expect(nothing).not.toContain('control came out')
})

it('nothing observed reaches the terminal as it is', () => {
  const text = howItCameOut('mtls', [cell({ because: 'a\u001b[2J\nb\u202e', link: 'a:b' })])
  expect(text).not.toMatch(/[\u0000-\u001f\u202e]/)
})
