import { describe, expect, test } from 'vitest'
import { compose, containerOf, docker, engineThere, project, within } from './engine.ts'
import { inMode, operator, order, settled, state, until } from './stack.ts'

/** From inside, as a crash would: what the engine is told to kill it does not start again. */
const kill = async (service: string): Promise<void> => {
  const script = `
    import { readdirSync, readFileSync } from 'node:fs'
    const isOurs = pid => /^\\d+$/.test(pid) && readFileSync('/proc/' + pid + '/cmdline', 'latin1').split('\\0').includes('services/main.ts')
    const pid = readdirSync('/proc').find(pid => { try { return isOurs(pid) && Number(pid) > 1 } catch { return false } })
    console.log(JSON.stringify(Boolean(pid)))
    process.kill(Number(pid), 'SIGKILL')`
  const before = await startOf(service)
  await within(service, script).catch(() => {})
  await until(async () => (await startOf(service)) !== before)
}

const startOf = async (service: string) =>
  docker(['inspect', '--format', '{{.State.StartedAt}}', await containerOf(service)])

const start = (service: string) => compose('start', service)

describe.skipIf(!engineThere())('what the customer sees', () => {
  const serves = () => until(async () => (await order()).status === 201)

  test('while payments is dead is a bad gateway that names no more than that, and then his order', async () => {
    await inMode('mtls')
    await serves()
    // by the operator's hand it stays dead; by itself it would be back in a moment
    await compose('kill', 'payments')
    const { status, failure } = await order()
    expect({ status, failure }).toEqual({
      status: 502,
      failure: 'connection-closed',
    })
    await start('payments')
    await serves()
    await settled()
  })

  test('while payments hangs is an error in bounded time, and then his order', async () => {
    await compose('pause', 'payments')
    const began = performance.now()
    const { status } = await order()
    expect(status).toBeGreaterThanOrEqual(500)
    expect(performance.now() - began).toBeLessThan(20_000)
    await compose('unpause', 'payments')
    await serves()
    await settled()
  })

  test('while orders is cut off from the sensitive network is a bad gateway, and then his order', async () => {
    const network = `${project}_sensitive`
    const id = await containerOf('orders')
    await docker(['network', 'disconnect', network, id])
    expect([502, 504]).toContain((await order()).status)
    await docker(['network', 'connect', '--alias', 'orders', network, id])
    await serves()
    await settled()
  })

  test('while the wire is dead is nothing of it: the edge is reached, and says what it lacks', async () => {
    await compose('kill', 'wire')
    expect((await order()).status).toBe(502)
    await start('wire')
    await serves()
  })

  test('while the control plane is dead is his order', async () => {
    await serves()
    await compose('kill', 'control')
    expect(await order()).toEqual({ status: 201 })
    await start('control')
    await settled()
    await serves()
  })
})

describe.skipIf(!engineThere())('a container that is killed', () => {
  const workloads = ['edge', 'gateway', 'orders', 'payments', 'inventory', 'shipping-sidecar']
  const serials = async (): Promise<Record<string, string>> => {
    const rows = (await operator('GET', '/api/certificates')) as { name: string; serial: string; by: string }[]
    return Object.fromEntries(rows.filter(({ by }) => by === 'enrol').map(({ name, serial }) => [name, serial]))
  }

  test.each(workloads)('%s has lost its key and enrols anew, without a hand', async name => {
    await settled()
    const before = await serials()
    await kill(name)
    const id = `spiffe://hop.lab/${name.replace('-sidecar', '')}`
    await until(async () => (await serials())[id] !== before[id])
    await settled()
    await until(async () => (await order()).status === 201)
  })

  test('the control plane has lost nothing that it acknowledged', async () => {
    await inMode('hybrid')
    await operator('PUT', '/api/switches/trustWithheld', { value: [] })
    const before = await state()
    const certificates = (await operator('GET', '/api/certificates')) as { serial: string }[]
    const audit = (await operator('GET', '/api/audit?since=0')) as object[]
    await kill('control')
    await settled()
    const after = await state()
    expect([after.mode, after.bundle]).toEqual([before.mode, before.bundle])
    const known = new Set(((await operator('GET', '/api/certificates')) as { serial: string }[]).map(row => row.serial))
    expect(certificates.filter(({ serial }) => !known.has(serial))).toEqual([])
    expect(((await operator('GET', '/api/audit?since=0')) as object[]).slice(0, audit.length)).toEqual(audit)
    expect((await order()).status).toBe(201)
  })

  test('all at once: everybody comes back, with new secrets where the old are gone', async () => {
    await inMode('hybrid')
    await compose('restart', '--timeout', '10')
    await settled()
    await until(async () => (await order()).status === 201)
    expect((await state()).mode).toBe('hybrid')
  })

  test('that was revoked stays out over a restart, until the operator lets it in again', async () => {
    await inMode('mtls')
    await operator('POST', '/api/revoke', { id: 'spiffe://hop.lab/payments', reason: 'keyCompromise' })
    const isIn = async () => (await state()).workloads.find(({ name }) => name === 'payments')!.connected
    await until(async () => !(await isIn()))
    await kill('payments')
    await until(async () => (await compose('logs', '--no-color', 'payments')).includes('not let in yet'))
    expect([await isIn(), (await order()).status]).toEqual([false, 502])
    await operator('POST', '/api/workloads/payments/reenrol', {})
    await settled()
    await until(async () => (await order()).status === 201)
  })

  test('ends by itself when it is asked to, and is not waited for in vain', async () => {
    const services = [
      'control',
      'wire',
      'edge',
      'gateway',
      'orders',
      'payments',
      'inventory',
      'shipping-sidecar',
      'shipping',
    ]
    await compose('stop', ...services)
    // 137 would be the engine's patience at its end
    for (const service of services)
      expect(
        (await docker(['inspect', '--format', '{{.State.ExitCode}}', await containerOf(service)])).trim(),
        service,
      ).toBe('0')
    await compose('start')
    await settled()
  })
})
