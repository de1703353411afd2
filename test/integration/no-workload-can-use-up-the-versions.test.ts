import { afterEach, expect, test } from 'vitest'
import { connectAll, operatorOf, startControl, temporaryDirectory } from './control-support.ts'

const directory = temporaryDirectory()
afterEach(directory.remove)

test('a workload that claims to have applied the last version there can be stops nobody', async () => {
  const control = await startControl(directory.path)
  const all = await connectAll(control)
  const operator = operatorOf(control.operatorAddress(), control.operatorToken)
  try {
    const liar = all.payments!
    liar.seen.push({ ...liar.seen.at(-1)!, version: 1e12 })
    liar.close()
    await liar.connect({ host: '127.0.0.1', port: 29_999 })
    const { lines } = await operator('PUT', '/api/mode', { mode: 'mtls' })
    expect(lines.at(-1)).toMatchObject({ done: true, mode: 'mtls' })
  } finally {
    for (const workload of Object.values(all)) workload.close()
    await control.close()
  }
})

test('a workload that is ahead of the state, an older one put back, is told anew', async () => {
  const control = await startControl(directory.path)
  const all = await connectAll(control)
  try {
    const ahead = all.payments!
    ahead.seen.push({ ...ahead.seen.at(-1)!, version: 500 })
    ahead.close()
    const told = ahead.told(({ version }) => version > 500)
    await ahead.connect({ host: '127.0.0.1', port: 20_000 })
    expect((await told).version).toBeGreaterThan(500)
  } finally {
    for (const workload of Object.values(all)) workload.close()
    await control.close()
  }
})

test('a workload that claims newer trust again and again is turned away, and has not everybody told anew each time', async () => {
  const control = await startControl(directory.path)
  const all = await connectAll(control)
  const version = () => control.operations.trust().version
  try {
    const liar = all.payments!
    const claim = async () => {
      const before = version()
      const hello = { listening: { host: '127.0.0.1', port: 20_000 }, applied: 0, trust: before + 1 }
      // a stream that is let in lasts, and is known by what it brings about
      const { json } = await Promise.race([
        liar.call('/v1/stream', hello),
        expect
          .poll(version)
          .toBeGreaterThan(before)
          .then(() => ({ json: { code: 'believed' } })),
      ])
      return json.code
    }
    const codes: string[] = []
    while (codes.length < 3) codes.push(await claim())
    expect(codes).toEqual(['believed', 'believed', 'believed'])
    const given = version()
    expect(
      await liar.call('/v1/stream', { listening: { host: '127.0.0.1', port: 20_000 }, applied: 0, trust: given + 1 }),
    ).toMatchObject({ status: 429, json: { code: 'trust-claims', field: 'trust' } })
    expect(version()).toBe(given)
  } finally {
    for (const workload of Object.values(all)) workload.close()
    await control.close()
  }
})
