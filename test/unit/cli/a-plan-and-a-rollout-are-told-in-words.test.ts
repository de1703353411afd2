import { expect, test } from 'vitest'
import { createPaint } from '../../../cli/paint.ts'
import { rolloutLine } from '../../../cli/progress.ts'
import { renderPlan } from '../../../cli/render/plan.ts'
import { rotationLine } from '../../../cli/render/rotation.ts'
import { readDuration, readSince } from '../../../cli/since.ts'
import type { Plan } from '../../../scenarios/plan/plan.ts'

const look = { paint: createPaint(false), columns: 100 }
const plan: Plan = {
  ...{ topology: 'shop', from: 'hybrid', to: 'mtls', since: null, passed: false },
  sections: [
    {
      ...{
        id: 'links',
        title: 'Which links change?',
        answer: `1; edge still opens TLS${', and so on'.repeat(8)}`,
        passed: true,
      },
      ...{ columns: ['#', 'link', 'from → to', 'why here'], items: [] },
      rows: [
        ['1', 'orders → inventory', 'plaintext → mtls', 'carries ordinary data (stock), stays in internal '.repeat(3)],
      ],
    },
    {
      ...{ id: 'callers', title: 'Which callers would break?', answer: '1', passed: false },
      ...{ columns: ['caller', 'to', 'by', 'seen', 'stated name'], items: [] },
      rows: [['127.9.9.9', 'inventory', 'plaintext', '3×, last 10:20:30', 'orders\u001b[2J']],
    },
  ],
}

test('a plan fits into 100 columns, says what would break, and obeys nothing it was told', () => {
  const text = renderPlan(plan, look)
  expect(Math.max(...text.split('\n').map(line => line.length))).toBeLessThanOrEqual(100)
  expect(text).toContain('✗ Which callers would break? 1')
  expect(text).toContain('better not yet: callers')
  expect(text).not.toContain('\u001b')
  expect(renderPlan({ ...plan, passed: true, sections: [] }, look)).toContain('hop rollout mtls')
})

const tls: Plan['sections'][number] = {
  ...{ id: 'tls', title: 'Which clients would fail?', answer: 'of 3 connections seen, none', passed: true },
  ...{ columns: ['client'], rows: [], items: [] },
}

test('a plan for the mode the lab is in does not recommend to go there', () => {
  const [links] = plan.sections as [Plan['sections'][number]]
  const stays = { ...plan, from: 'mtls' as const, passed: true }
  const text = renderPlan({ ...stays, sections: [links] }, look)
  expect(text).toContain('✓ nothing to do: the lab is in mtls already')
  expect(text).not.toContain('hop rollout')
  const policy = renderPlan({ ...stays, sections: [tls] }, look)
  expect(policy).toMatch(/✓ nothing speaks against it$/)
})

test('where nothing was seen that could tell, it says so and gives no tick', () => {
  const blind = { ...tls, answer: 'not known', passed: false, unknown: true as const }
  const stays = { ...plan, from: 'mtls' as const, passed: false }
  const text = renderPlan({ ...stays, sections: [blind] }, look)
  expect(text).toContain('? Which clients would fail? not known')
  expect(text).toMatch(/\? nothing is known of it: tls$/)
  expect(text).not.toContain('✓')
  expect(renderPlan({ ...stays, sections: [blind, plan.sections[1]!] }, look)).toContain('better not yet: callers')
})

test('each step of a rollout is one line, callers one each', () => {
  const callers = ['127.9.9.9', '127.8.8.8'].map(address => ({
    ...{ callee: 'payments', address, transport: 'plaintext' as const, requests: 3, connections: 1, lastSeen: '' },
  }))
  expect(rolloutLine({ type: 'callers', callers }).split('\n')).toEqual([
    '! 127.9.9.9 still calls payments by plaintext (3×)',
    '! 127.8.8.8 still calls payments by plaintext (3×)',
  ])
  expect(rolloutLine({ type: 'observing', step: 'move', ms: 2000 })).toBe(
    'move    observing errors and callers for 2.0 s',
  )
  expect(
    rolloutLine({
      ...{ type: 'breach', step: 'move', rate: 0.125, failed: 1, seen: 8 },
      ...{ failure: 'tls-to-plaintext', link: 'orders:payments' },
    }),
  ).toBe('move    12.5% (1 of 8) failing, most often tls-to-plaintext on orders:payments: rolling back')
})

test('a rotation on its way back does not read as one that goes on', () => {
  const reissue = { type: 'step' as const, step: 'reissue' as const, what: 'root' as const, waitingFor: ['edge'] }
  expect(rotationLine({ ...reissue, back: false })).toBe('reissue  waiting for edge')
  expect(rotationLine({ ...reissue, back: true })).toBe('back: reissue  waiting for edge')
  expect(rotationLine({ type: 'reached', step: 'trust', back: true, ms: 12 })).toBe('back: trust    done after 12 ms')
})

test('times are read with their unit, and nothing else is', () => {
  expect(['500ms', '2s', '3m', '1h'].map(readDuration)).toEqual([500, 2000, 180_000, 3_600_000])
  expect(['2', '2 s', '-1s', '1d', ''].map(readDuration)).toEqual(Array(5).fill(undefined))
  expect(readSince('all')).toBe('all')
  expect(() => readSince('soon')).toThrow(expect.objectContaining({ code: 'usage', field: '--since' }))
})
