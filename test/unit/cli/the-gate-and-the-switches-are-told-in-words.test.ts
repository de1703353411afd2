import { expect, test } from 'vitest'
import { readSwitchValue } from '../../../cli/commands/switch.ts'
import { createPaint } from '../../../cli/paint.ts'
import { renderGate } from '../../../cli/render/gate.ts'
import { renderSwitches, switchedLines } from '../../../cli/render/switches.ts'
import type { GateFinding, GateReport } from '../../../scenarios/gate.ts'

const look = { paint: createPaint(false), columns: 100 }

test.each([
  ['policy', 'allow-all', { kind: 'allow-all' }],
  ['policy', 'deny-by-name:inventory,shipping', { kind: 'deny-by-name', names: ['inventory', 'shipping'] }],
  ['policy', '{"kind":"allow-all"}', { kind: 'allow-all' }],
  ['proxyProtocol', 'anyone', 'anyone'],
  ['proxyProtocol', '"off"', 'off'],
  ['logPipelines', '{}', {}],
] as const)('hop switch %s %s', (name, word, value) => {
  expect(readSwitchValue(name, word)).toEqual(value)
})

test.each([
  ['l7', 'on'],
  ['logPipelines', '{'],
  ['policy', '{kind'],
  ['proxyProtocol', 'Any one'],
] as const)('%s cannot be %j, and the error says what it can be', (name, word) => {
  expect(() => readSwitchValue(name, word)).toThrow(
    expect.objectContaining({ code: 'usage', field: name, expected: expect.stringContaining('default') }),
  )
})

test('a switch that is not at its default stands out, with the way back', () => {
  const shown = renderSwitches(
    [
      {
        name: 'policy',
        value: { kind: 'deny-by-name', names: ['a', 'b'] },
        default: false,
        before: { kind: 'allow-all' },
      },
      { name: 'proxyProtocol', value: 'edge', default: true },
    ],
    look,
  )
  expect(shown).toMatch(/policy +switched +deny-by-name:a,b, was allow-all/)
  expect(shown).toMatch(/proxyProtocol +default +edge/)
  expect(switchedLines({ policy: { kind: 'allow-all' } }, look)).toEqual([
    '! switched policy: allow-all (hop switch policy default sets it back)',
  ])
  expect(switchedLines({}, look)).toEqual([])
})

const finding = (more: Partial<GateFinding>): GateFinding => ({
  ...{ link: 'edge:gateway', caller: 'edge', callee: 'gateway', zones: { caller: 'dmz', callee: 'internal' } },
  ...{ crossesZone: true, declared: true, intended: 'plaintext', connections: 3, refused: 0, requests: 3 },
  ...{ data: ['card', 'token'], lastSeen: '2026-01-01T10:20:30.000Z', decision: 'finding', because: 'declared' },
  ...more,
})

test('the gate fits into 100 columns, hides nothing and obeys nothing it was told', () => {
  const report: GateReport = {
    ...{ topology: 'shop', mode: 'hybrid', since: null, passed: false, away: [] },
    findings: [
      finding({
        ...{ decision: 'refused', declared: false, intended: null, data: null, refused: 1 },
        ...{ link: '127.100.118.97:payments\u001b[2J', zones: { caller: null, callee: 'sensitive' } },
      }),
      finding({}),
    ],
  }
  const text = renderGate(report, look)
  expect(Math.max(...text.split('\n').map(line => line.length))).toBeLessThanOrEqual(100)
  expect(text).toContain('127.100.118.97 → payments')
  expect(text).not.toContain('\u001b')
  expect(text).toContain('? → sensitive')
  expect(text).toContain('1 refused, 1 finding, 0 allowed, 0 noted')
  expect(text).toContain('the gate is shut')
  expect(renderGate({ ...report, passed: true, findings: [] }, look)).toContain('none')
  const unheard = renderGate({ ...report, away: ['payments'], findings: [], probe: '201' }, look)
  expect(unheard).toContain('not asked, because not connected: payments')
  expect(unheard).not.toContain('its own request')
})
