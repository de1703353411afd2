import { chmodSync, chownSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createFakeWorkload, operatorOf } from '../integration/control-support.ts'
import { type ControlChild, createControlChild } from '../support/control-child.ts'

/** Root may write anywhere: as root, the control plane runs under another account. */
const nobody = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {}

let home: string
let control: ControlChild
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'hop-unwritable-'))
  if (nobody.uid !== undefined) chownSync(home, nobody.uid, nobody.gid)
  control = createControlChild(join(home, 'state'), {}, nobody)
})
afterEach(async () => {
  await control.kill()
  rmSync(home, { recursive: true, force: true })
})

const state = () => join(home, 'state')
const protect = (directory: number, file: number): void => {
  chmodSync(join(state(), 'control.sqlite'), file)
  chmodSync(state(), directory)
}
const renewal = async (said: Awaited<ReturnType<ControlChild['start']>>) => {
  const orders = createFakeWorkload({ address: said.workload, bootstrap: said.bootstrap }, 'orders')
  expect((await orders.enrol(said.tokens.orders!)).status).toBe(200)
  return orders.call('/v1/renew', { csr: orders.csr().csr })
}

test('made unwritable while the lab runs: it goes on and loses nothing; started anew, it says what is wrong', async () => {
  const said = await control.start()
  const ask = operatorOf(said.operator, said.operatorToken)
  protect(0o500, 0o400)
  expect((await renewal(said)).status).toBe(200)
  expect((await ask('PUT', '/api/switches/clocks', { value: { payments: 3 } })).status).toBe(200)
  await control.kill()

  const refused = await control.start().then(() => 'started', String)
  expect(refused).toContain('state-not-writable')
  expect(refused).toContain(join(state(), 'control.sqlite'))

  protect(0o700, 0o600)
  await control.start()
  expect((await ask('GET', '/api/switches')).json.clocks).toEqual({ payments: 3 })
})

test('a second control plane on the same state is refused, and the first one never notices', async () => {
  const said = await control.start()
  const second = createControlChild(state(), {}, nobody)
  for (let turn = 0; turn < 2; turn++) {
    const refused = await second.start().then(() => 'started', String)
    expect(refused).toContain('state-in-use')
    expect(refused).toContain('hop down')
  }
  expect((await renewal(said)).status).toBe(200)
  await control.kill()
  await second.start()
  await second.kill()
})
