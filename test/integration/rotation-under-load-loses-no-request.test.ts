import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Observations } from '../../services/chassis/observation.ts'
import type { TrustState } from '../../services/control/certificates/trust-state.ts'
import { createPublicClient, operator, startTestLab, type TestLab } from '../support/lab.ts'
import { startLoad } from '../support/load.ts'

let lab: TestLab
beforeAll(async () => {
  lab = await startTestLab({ mode: 'mtls' })
})
afterAll(() => lab.close())

/** On a machine with other work a step can take longer than an operator is made to wait: he asks again, and it goes on. */
const rotate = async (what: string, stopAt?: string) => {
  for (;;) {
    const lines = await operator(lab, 'POST', '/api/rotation', { what, ...(stopAt ? { stopAt } : {}) })
    const last = (lines as { problem?: { code: string } }[]).at(-1)
    if (last?.problem?.code !== 'rotation-timeout') return last
  }
}

const trust = () => operator(lab, 'GET', '/api/trust') as Promise<TrustState>

const reports = async () => {
  const since = Object.fromEntries(Object.keys(lab.topology.workloads).map(name => [name, 0]))
  return (await operator(lab, 'POST', '/api/reports', { since })) as Record<string, Observations>
}

/** A client that keeps its connections, and one that makes a new one for each request; both with the bundle of now. */
const clients = async () => {
  const kept = await createPublicClient(lab)
  const fresh = async () => {
    const client = await createPublicClient(lab, 1)
    try {
      return await client.send()
    } finally {
      await client.close()
    }
  }
  return { kept, fresh }
}

describe.each(['root', 'intermediate'])('rotating the %s in mtls', what => {
  test('loses no request, on connections old and new, and nobody holds on to what is gone', async () => {
    const before = await trust()
    const first = await clients()
    const second = startLoad({ ...first.kept, send: first.fresh }, 2)
    const load = startLoad(first.kept)
    await load.more(50)
    expect(await rotate(what, 'trust')).toEqual({ done: true, what, heldAt: 'trust' })
    // whoever is outside fetches the bundle now, before anybody shows a certificate of the new CA
    const next = await clients()
    const later = startLoad(next.kept)
    const early = await load.stop()
    await second.more(5)
    expect(await rotate(what)).toEqual({ done: true, what })
    await Promise.all([later.more(50), second.more(5)])
    const tallies = await Promise.all([second.stop(), later.stop()])
    await Promise.all([first.kept.close(), next.kept.close()])
    expect([early, ...tallies].flatMap(({ lost }) => lost)).toEqual([])

    const after = await trust()
    const now = after.authorities.map(({ id }) => id)
    const gone = before.authorities.map(({ id }) => id).filter(id => !now.includes(id))
    expect(gone).toHaveLength(what === 'root' ? 3 : 2)
    for (const { held, trust: holds } of Object.values(await reports())) {
      for (const { issuer } of held) expect(now).toContain(issuer)
      expect(after.authorities.filter(({ kind }) => kind === 'root').map(({ id }) => id)).toEqual(holds!.roots)
      expect(holds!.crls.map(({ issuer }) => issuer)).toEqual(expect.arrayContaining(now))
    }
  })
})
