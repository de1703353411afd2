import { CommanderError } from 'commander'
import { expect, it } from 'vitest'
import { complaint } from '../../../cli/complain.ts'
import { exitCodeOf } from '../../../cli/exit.ts'
import { mistakeOf } from '../../../cli/mistake.ts'
import { createProgram } from '../../../cli/program.ts'
import { HopError } from '../../../pki/error.ts'

const failureOf = async (words: string[]): Promise<HopError> => {
  const program = createProgram(() => {})
  const error = await program.parseAsync([...words, '--state', '/nowhere/hop'], { from: 'user' }).then(
    () => undefined,
    failure => (failure instanceof CommanderError ? mistakeOf(failure, program, words) : failure),
  )
  if (error instanceof HopError) return error
  throw new Error(`hop ${words.join(' ')} did not end with an error of ours`, { cause: error })
}

const glass = ['break-glass', 'orders:payments']
const why = ['--reason', 'x']
const huge = 'x'.repeat(60_000)

it.each<[string[], string, string, string]>([
  [['rotate'], 'ca', 'nothing', 'hop rotate --help'],
  [['rotate', ''], 'ca', '""', ''],
  [['rotate', 'roto'], 'ca', '"roto"', 'Did you mean root?'],
  [['rotate', huge], 'ca', '"xxx', ''],
  [['rotate', '__proto__'], 'ca', '"__proto__"', ''],
  [['rotate', 'root', 'intermediate'], 'hop rotate', 'root, intermediate', '--help'],
  [['rotate', 'root', '--stop-at'], '--stop-at', 'nothing', '--help'],
  [['rotate', 'root', '--stop-at', 'distrusted'], '--stop-at', '"distrusted"', 'Did you mean distrust?'],
  [['rotate', 'root', '--step', '--stop-at', 'trust'], '--step', 'both', '--help'],
  [['rotate', '--back', '--step'], '--back', '--step', 'Leave out'],
  [['rotate', '--back', '--careless', 'reissue-first'], '--back', '--careless', 'Leave out'],
  [['rotate', 'root', '--careless', 'wrong'], '--careless', '"wrong"', ''],
  [['rotate', 'root', '--stap'], 'option', '--stap', 'Did you mean --step?'],
  [['revoke'], '--reason', 'nothing', '--help'],
  [['revoke', 'orders', '--reason'], '--reason', 'nothing', '--help'],
  [['revoke', 'orders', '--reason', 'keycompromise'], '--reason', '"keycompromise"', 'Did you mean keyCompromise?'],
  [['revoke', 'orders', '--reason', 'constructor'], '--reason', '"constructor"', ''],
  [['renew'], 'workload', 'nothing', '--help'],
  [['renew', 'orders', 'payments'], 'hop renew', 'orders, payments', '--help'],
  [['reenrol'], 'workload', 'nothing', '--help'],
  [['certificates', '--services', '0'], '--services', '"0"', ''],
  [['certificates', '--services', 'NaN'], '--services', '"NaN"', ''],
  [['certificates', '--services', '1e3'], '--services', '"1e3"', ''],
  [['certificates', '--all', '--counts'], '--all', '--counts', 'Leave out'],
  [['certificates', 'x'], 'hop certificates', 'x', '--help'],
  [['alerts', '--strict'], 'option', '--strict', '--help'],
  [['doctor', '--stric'], 'option', '--stric', 'Did you mean --strict?'],
  [['break'], 'link', 'nothing', '--list'],
  [['break', 'orders:payments'], '--with', 'nothing', '--list'],
  [['break', 'orders:payments', '--with', 'expird'], '--with', '"expird"', 'Did you mean expired?'],
  [['break', 'orders:payments', '--with', 'expired,'], '--with', '""', ''],
  [['break', 'orders:payments', '--with', 'expired', '--side', 'both'], '--side', '"both"', ''],
  [['break', '--list', 'orders:payments'], '--list', 'a link', 'Leave out'],
  [['break', '--list', '--side', 'x'], '--list', '--side', 'Leave out'],
  [['break-glass'], 'link', 'nothing', '--help'],
  [[...glass, ...why], '--for', 'nothing', '--help'],
  [[...glass, ...why, '--for', '30'], '--for', '"30"', '--help'],
  [[...glass, ...why, '--for', '-5s'], '--for', '"-5s"', '--help'],
  [[...glass, ...why, '--for', '٣s'], '--for', '"٣s"', '--help'],
  [[...glass, ...why, '--for', '2h'], '--for', '"2h"', '--help'],
  [[...glass, ...why, '--for', '1s', '--for', '2s'], '--for', '"1s" and "2s"', ''],
  [[...glass, '--for', '30s', '--reason', ' '], '--reason', '" "', '--help'],
  [[...glass, '--for', '30s', '--reason', 'x'.repeat(301)], '--reason', '"xxx', '--help'],
  [[...glass, ...why, '--for', '30s', '--to', 'mtls'], '--to', '"mtls"', '--help'],
  [['break-glass', '--end', '--for', '30s'], '--end', '--for', 'Leave out'],
  [[...glass, '--end'], '--end', 'a link', 'Leave out'],
  [['plan'], 'mode', 'nothing', '--help'],
  [['plan', 'mlts'], 'mode', '"mlts"', 'Did you mean mtls?'],
  [['plan', '--min-version', '1.3'], '--min-version', '"1.3"', 'Did you mean TLSv1.3?'],
  [['plan', '--drop-suite', 'TLS_AES_128_GCM'], '--drop-suite', '"TLS_AES_128_GCM"', 'TLS_AES_128_GCM_SHA256?'],
  [['plan', '--key-type', 'p384'], '--key-type', '"p384"', ''],
  [['plan', 'mtls', '--since', '-1m'], '--since', '"-1m"', ''],
  [['rollout'], 'mode', 'nothing', '--help'],
  [['rollout', 'all'], 'mode', '"all"', ''],
  [['rollout', 'mtls', '--canary'], '--canary', 'nothing', '--help'],
  [['rollout', 'mtls', '--max-error-rate', '2'], '--max-error-rate', '"2"', '--help'],
  [['rollout', 'mtls', '--max-error-rate', 'NaN%'], '--max-error-rate', '"NaN%"', '--help'],
  [['rollout', 'mtls', '--max-error-rate', '101%'], '--max-error-rate', '"101%"', '--help'],
  [['rollout', 'mtls', '--observe', '5m'], '--observe', '"5m"', '--help'],
  [['rollout', 'mtls', '--observe', '1s', '--observe', '2s'], '--observe', '"1s" and "2s"', ''],
  [['rollback', 'mtls'], 'hop rollback', 'mtls', '--help'],
  [['mode', '--stop-at', 'widen'], 'mode', 'nothing', '--help'],
  [['mode', 'mtls', '--stop-at', 'wide'], '--stop-at', '"wide"', 'Did you mean widen?'],
  [['state', 'x'], 'hop state', 'x', '--help'],
])('hop %j names %s and %s', async (words, field, found, remedy) => {
  const error = await failureOf(words)
  expect(exitCodeOf(error)).toBe(2)
  expect(error).toMatchObject({ field, expected: expect.any(String) })
  expect(error.found).toContain(found)
  expect(error.remedy ?? '').toContain(remedy)
  expect(complaint(error, false).length).toBeLessThan(1000)
})

it.each([
  ['rotate', 'root'],
  ['rotate', '--back'],
  ['revoke', 'orders', '--reason', 'superseded'],
  ['renew', 'orders'],
  ['reenrol', 'orders'],
  ['certificates'],
  ['alerts'],
  ['metrics'],
  ['metrics', 'orders'],
  ['doctor'],
  ['break', 'orders:payments', '--with', 'expired'],
  [...glass, ...why, '--for', '30s'],
  ['break-glass', '--end'],
  ['plan', 'mtls'],
  ['rollout', 'mtls'],
  ['rollback'],
  ['switch', 'renewal'],
])('hop %s %s: where no lab runs, that is said', async (...words) => {
  const error = await failureOf(words.filter(Boolean))
  expect([error.code, exitCodeOf(error)]).toEqual(['no-lab', 3])
})

it('hop lab in a lesson says that one is being taken, and how to leave it', async () => {
  process.env.HOP_LESSON = '2'
  try {
    const { code, field, found, remedy } = await failureOf(['lab', '3', '--auto'])
    expect([code, field, found]).toEqual(['usage', 'lesson', '"3 within 2"'])
    expect(remedy).toContain('q leaves')
  } finally {
    delete process.env.HOP_LESSON
  }
})
