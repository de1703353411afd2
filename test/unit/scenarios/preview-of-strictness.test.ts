import { expect, test } from 'vitest'
import { judgePreview } from '../../../scenarios/migration/preview-of-strictness.ts'
import type { LastingCaller } from '../../../services/control/rollout/guard-settings.ts'
import { answered, cut } from './outcomes.ts'

const named = (address: string): LastingCaller => ({
  ...{ callee: 'payments', address, transport: 'plaintext', requests: 1, connections: 1, lastSeen: '' },
})
const caller = (from: string, after = answered) => ({
  ...{ who: from, from, transport: 'plaintext' as const, before: answered, after },
})
const previewed = {
  ...{ strict: 'mtls' as const, foretold: true, named: [named('127.1.1.1')] },
  callers: [caller('127.1.1.1', cut.attempt), caller('127.2.2.2'), caller('127.0.0.1')],
}

test('holds where those it named broke, and nobody else', () => {
  expect(judgePreview(previewed)).toMatchObject({ verdict: 'holds', control: { passed: true } })
})

test('tells two by what they called over where both have one address', () => {
  const callers = [
    caller('10.7.0.5', cut.attempt),
    { ...caller('10.7.0.5'), transport: 'mtls' as const },
    caller('10.7.0.9'),
  ]
  const oneAddress = { ...previewed, named: [named('10.7.0.5')], callers }
  expect(judgePreview(oneAddress)).toMatchObject({ verdict: 'holds', control: { passed: true } })
  const wrongOne = [{ ...named('10.7.0.5'), transport: 'mtls' as const }]
  expect(judgePreview({ ...oneAddress, named: wrongOne }).verdict).toBe('broken')
})

test.each([
  ['it named one who goes on', { named: [named('127.1.1.1'), named('127.2.2.2')] }],
  ['it missed one who broke', { named: [] }],
  ['it named somebody nobody knows', { named: [named('127.1.1.1'), named('127.9.9.9')] }],
  ['it said that nobody would break', { foretold: false }],
])('is broken where %s', (_, more) => {
  expect(judgePreview({ ...previewed, ...more }).verdict).toBe('broken')
})

test('says nothing where nobody broke, or nobody was served before', () => {
  const callers = [caller('127.1.1.1'), caller('127.2.2.2')]
  expect(judgePreview({ ...previewed, named: [], foretold: false, callers }).control.passed).toBe(false)
  const cutOff = [{ ...caller('127.1.1.1'), before: cut.attempt }]
  expect(judgePreview({ ...previewed, callers: cutOff }).control.passed).toBe(false)
})
