import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createPaint } from '../../cli/paint.ts'
import { renderJourney } from '../../cli/render/journey.ts'
import { renderTrace } from '../../cli/render/trace.ts'
import { followRequest } from '../../scenarios/follow.ts'
import { connectLab, type LabClient } from '../../scenarios/lab-client.ts'
import { readJourney } from '../../scenarios/request/journey.ts'
import { readTrace } from '../../scenarios/request/trace.ts'
import { usualHopsOf } from '../../services/hops.ts'
import { modes, modeTable } from '../../services/modes.ts'
import { startTestLab, type TestLab } from '../support/lab.ts'
import { converse, dialEdge } from './abuse-support.ts'

let embedded: TestLab
let lab: LabClient
beforeAll(async () => {
  embedded = await startTestLab()
  lab = await connectLab(embedded.access)
})
afterAll(async () => {
  await lab?.close()
  await embedded?.close()
})

const screen = { paint: createPaint(false), columns: 100 }

describe.each(modes)('under %s', mode => {
  beforeAll(async () => void (await lab.switchMode(mode)))

  test('each hop is there with what carried it, who was seen, what was decided and where the time went', async () => {
    const { requestId = '' } = await followRequest(lab)
    const journey = await readJourney(lab, requestId)
    const hops = usualHopsOf(lab.topology, mode).filter(({ spliced, link }) => !(spliced && link.callee === 'edge'))
    expect(journey.hops.map(({ callee }) => callee)).toEqual(hops.map(({ link }) => link.callee))
    expect(journey).toMatchObject({ requestId, status: 201, away: [] })
    expect(journey.failedOn).toBeUndefined()
    for (const [i, { transport, link }] of hops.entries()) {
      const hop = journey.hops[i]!
      expect(hop).toMatchObject({ transport, status: 201, decision: { allowed: true }, nth: expect.any(Number) })
      if (i > 0) expect(hop.link).toBe(link.id)
      if (transport !== 'plaintext') expect(hop).toMatchObject({ protocol: 'TLSv1.3', handshake: 'full' })
      if (transport === 'mtls')
        expect(hop.callerSeen).toMatchObject({ kind: 'authenticated', id: `spiffe://hop.lab/${hop.caller}` })
      if (i > 0) expect(hop.split).toMatchObject({ waitMs: expect.any(Number), bodyMs: expect.any(Number) })
    }
    expect(journey.splice?.workload).toBe(modeTable[mode].ingress === 'passthrough' ? 'edge' : undefined)
    const text = renderJourney(journey, screen)
    expect(text).toContain(requestId)
    for (const line of [...text.split('\n'), ...renderTrace(await readTrace(lab, requestId), screen).split('\n')])
      expect(line.length, line).toBeLessThanOrEqual(100)
  })

  test('a request that policy refuses is told with where and why', async () => {
    const { requestId = '' } = await followRequest(lab, { method: 'GET', path: '/admin' })
    const { hops, status, failedOn } = await readJourney(lab, requestId)
    expect(status).toBe(403)
    expect(failedOn).toBe(hops[0]?.link)
    expect(hops).toMatchObject([{ decision: { allowed: false }, trouble: { name: 'denied-by-policy' } }])
  })
})

test('a request that died at a handshake between two workloads is told with the cause and both ends’ records', async () => {
  await lab.switchMode('mtls')
  const before = await lab.setSwitch('clocks', { payments: 7_200 })
  try {
    const { requestId = '', answer } = await followRequest(lab)
    expect(answer.status).toBe(502)
    const journey = await readJourney(lab, requestId)
    expect(journey.failedOn).toBe('orders:payments')
    expect(journey.hops.filter(({ trouble }) => trouble)).toMatchObject([
      {
        link: 'orders:payments',
        trouble: {
          name: 'clock-skew',
          cause: expect.stringContaining('payments took the certificate of orders for expired'),
          remedy: expect.stringContaining('set the clock of payments'),
          records: {
            callee: { failure: { name: 'certificate-expired' } },
            caller: { failure: { name: 'connection-closed' } },
          },
        },
      },
    ])
    const text = renderJourney(journey, screen)
    expect(text).toMatch(/✗ orders → payments {2}clock-skew/)
    expect(text).toMatch(/payments recorded certificate-expired/)
    expect((await readTrace(lab, requestId)).flaws).toEqual([])
  } finally {
    await lab.setSwitch('clocks', before)
  }
})

test('a service that is not there is told as that', async () => {
  await lab.switchMode('mtls')
  await lab.wire('orders:payments').redirect({ host: '127.0.0.1', port: 1 })
  await lab.wire('orders:payments').cut()
  try {
    const { requestId = '' } = await followRequest(lab)
    const { failedOn, hops } = await readJourney(lab, requestId)
    expect(failedOn).toBe('orders:payments')
    expect(hops.at(-1)?.trouble?.name).toMatch(/callee-went-away|connection-closed|connection-refused/)
  } finally {
    await lab.wire('orders:payments').restore()
    await lab.wire('orders:payments').cut()
  }
})

test('bytes that were no request are known by the id in their answer, and an id nobody knows by that', async () => {
  await lab.switchMode('mtls')
  const socket = await dialEdge(embedded)
  const answer = await converse(socket, 'GET / HTTP/1.1\r\nHost: shop.hop.lab\r\nContent-Length: 3, 4\r\n\r\n')
  const [, id = ''] = /\r\nx-request-id: (\S+)/.exec(answer) ?? []
  await expect(readJourney(lab, id)).rejects.toMatchObject({
    code: 'request-unreadable',
    found: expect.stringContaining('edge refused'),
  })
  await expect(readJourney(lab, '0123456789abcdef01234567')).rejects.toMatchObject({ code: 'request-unknown' })
})
