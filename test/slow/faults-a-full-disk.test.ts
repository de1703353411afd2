import { X509Certificate } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { type Answer, createFakeWorkload, operatorOf } from '../integration/control-support.ts'
import { type ControlChild, createControlChild } from '../support/control-child.ts'
import { mountSmallDisk } from '../support/small-disk.ts'

const cleaning: (() => unknown)[] = []
afterEach(async () => {
  for (const clean of cleaning.splice(0).reverse()) await clean()
})

const serialOf = ({ json }: Answer): string => new X509Certificate(json.chain).serialNumber.toLowerCase()

/** What an operator and a workload were told, and hold the control plane to. */
const startWitness = async (control: ControlChild) => {
  const said = await control.start()
  const ask = operatorOf(said.operator, said.operatorToken)
  const orders = createFakeWorkload({ address: said.workload, bootstrap: said.bootstrap }, 'orders')
  cleaning.push(() => orders.close())
  await orders.enrol(said.tokens.orders!)
  const renewed: string[] = []
  const revoked: string[] = []
  let clock = 0
  const others = new Set<string>()

  const refusedOr = ({ status, json }: Answer, done: () => void): void => {
    if (status < 300) done()
    else others.add(`${status} ${json.code}`)
  }
  return {
    renewed,
    revoked,
    orders,
    ask,
    /** How refusals were put, `503 state-not-writable`. */
    refusals: others,
    /** A key is certified, a list is made, a desired state is published: until each has been refused, at most `most` times. */
    async go(most: number) {
      others.clear()
      for (let turn = 0; turn < most; turn++) {
        const renewal = await orders.call('/v1/renew', { csr: orders.csr().csr })
        refusedOr(renewal, () => renewed.push(serialOf(renewal)))
        const serial = renewed[revoked.length] ?? renewed[0]!
        const revocation = await ask('POST', '/api/revoke', { serial, reason: 'superseded' })
        refusedOr(revocation, () => revoked.push(serial))
        const change = await ask('PUT', '/api/switches/clocks', { value: { payments: ++clock } })
        refusedOr(change, () => {})
        if (change.status >= 300) clock--
      }
    },
    /** All it acknowledged is there, and the change it refused last is not. */
    async holds() {
      for (const serial of [...renewed, ...revoked]) {
        const { json } = await ask('POST', '/api/revoke', { serial, reason: 'superseded' })
        expect(json).toMatchObject({ serials: [serial] })
      }
      expect((await ask('GET', '/api/switches')).json.clocks).toEqual({ payments: clock })
      expect(new Set(renewed).size).toBe(renewed.length)
    },
  }
}

const onSmallDisk = async () => {
  const disk = mountSmallDisk(4)
  if (!disk) return undefined
  cleaning.push(disk.remove)
  const control = createControlChild(join(disk.path, 'state'))
  cleaning.push(control.kill)
  return { disk, control, witness: await startWitness(control) }
}

test('a disk without room: what cannot be kept is refused as such, the lab goes on, and with room again so does everything', async ({
  skip,
}) => {
  const here = await onSmallDisk()
  if (!here) return skip('no right to mount a small disk')
  const { disk, control, witness } = here
  await witness.go(3)
  expect([...witness.refusals]).toEqual([])

  disk.fill()
  await witness.go(200)
  expect([...witness.refusals]).toEqual(['503 state-not-writable'])
  expect((await witness.ask('GET', '/api/state')).status).toBe(200)
  const kept = witness.renewed.length

  disk.free()
  await witness.go(3)
  expect([...witness.refusals]).toEqual([])
  expect(witness.renewed.length).toBe(kept + 3)
  await control.kill()
  await control.start()
  await witness.holds()
}, 60_000)

test('killed while the disk is full: it starts with all it acknowledged, or says that there is no room', async ({
  skip,
}) => {
  const here = await onSmallDisk()
  if (!here) return skip('no right to mount a small disk')
  const { disk, control, witness } = here
  await witness.go(2)
  disk.fill()
  await witness.go(200)
  expect([...witness.refusals]).toEqual(['503 state-not-writable'])
  await control.kill()
  const started = await control.start().then(() => 'started', String)
  if (started !== 'started') expect(started).toContain('state-not-writable')
  await control.kill()
  disk.free()
  await control.start()
  await witness.holds()
}, 60_000)

test('a file that may not grow (EFBIG): refused the same way', async () => {
  const home = mkdtempSync(join(tmpdir(), 'hop-limit-'))
  cleaning.push(() => rmSync(home, { recursive: true, force: true }))
  const control = createControlChild(join(home, 'state'))
  control.limitFiles(600_000)
  cleaning.push(control.kill)
  const witness = await startWitness(control)
  await witness.go(60)
  expect([...witness.refusals]).toEqual(['503 state-not-writable'])
  await control.kill()
  control.limitFiles(undefined)
  await control.start()
  await witness.holds()
}, 60_000)
