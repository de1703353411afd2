import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { afterEach, expect, test } from 'vitest'
import { HopError } from '../../../pki/error.ts'
import { openStore, type Store } from '../../../services/control/state/store.ts'
import { readTopology } from '../../../services/topology/file.ts'

const directory = mkdtempSync(join(tmpdir(), 'hop-audit-'))
const open = (): Store =>
  openStore({
    ...{ stateDir: join(directory, 'state'), topology: readTopology('topologies/shop.yaml') },
    ...{ initialMode: 'mtls', clock: () => 1, log: pino({ level: 'silent' }), joinTokenMs: 1 },
  })
afterEach(() => rmSync(directory, { recursive: true, force: true }))

test('a rollout is on record at its start and at its end, and its guard and canary outlive the process', async () => {
  const store = open()
  const results = () => store.audit.since(0).map(({ result }) => result)
  const { promise, resolve } = Promise.withResolvers<void>()
  const going = store.audit.throughout({ who: 'operator', action: 'rollout' }, () => promise)
  expect(results()).toEqual(['begun'])
  resolve()
  await going
  const refused = store.audit.throughout({ who: 'operator', action: 'rollout' }, async () => {
    throw new HopError('rollout-callers-remain', { message: 'somebody' })
  })
  await expect(refused).rejects.toThrow('somebody')
  expect(results()).toEqual(['begun', 'ok', 'begun', 'rollout-callers-remain'])
  const row = {
    ...{ from: 'mtls' as const, to: 'hybrid' as const, step: 'move' as const, stopAt: null, reached: true },
    ...{ guard: { errorRate: 0.1, atLeast: 3, observeMs: 5 }, canary: ['inventory'], moved: ['shipping'] },
  }
  store.intent.setRollout(row)
  store.close()
  const again = open()
  expect(again.intent.rollout()).toEqual(row)
  again.intent.setRollout(undefined)
  expect(again.intent.rollout()).toBeUndefined()
  again.close()
})
