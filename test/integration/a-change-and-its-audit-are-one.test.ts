import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Control } from '../../services/control/control.ts'
import { operatorOf, startControl, temporaryDirectory } from './control-support.ts'

let directory: ReturnType<typeof temporaryDirectory>
let control: Control

/** A state whose audit has no room for changes of the clocks. */
beforeEach(async () => {
  directory = temporaryDirectory()
  await (await startControl(directory.path)).close()
  const db = new DatabaseSync(join(directory.path, 'control.sqlite'))
  db.exec(`CREATE TRIGGER refused BEFORE INSERT ON audit WHEN NEW.target = 'clocks' AND NEW.result = 'ok'
    BEGIN SELECT RAISE(ABORT, 'no room'); END`)
  db.close()
  control = await startControl(directory.path)
})
afterEach(async () => {
  await control.close()
  directory.remove()
})

test('a change whose audit entry cannot be kept is not made', async () => {
  const ask = operatorOf(control.operatorAddress(), control.operatorToken)
  const put = async (name: string, value: object) => (await ask('PUT', `/api/switches/${name}`, { value })).status
  const switches = async () => (await ask('GET', '/api/switches')).json
  const before = await switches()
  expect(await put('clocks', { payments: 60 })).toBeGreaterThanOrEqual(500)
  expect(await switches()).toEqual(before)
  expect(await put('policy', { kind: 'allow-all' })).toBe(200)
  expect(await switches()).toEqual({ ...before, policy: { kind: 'allow-all' } })
})
