import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { followRequest } from '../../scenarios/follow.ts'
import { connectLab, type LabClient } from '../../scenarios/lab-client.ts'
import { readTrace } from '../../scenarios/request/trace.ts'
import { usualHopsOf } from '../../services/hops.ts'
import { modes, modeTable } from '../../services/modes.ts'
import { startTestLab, type TestLab } from '../support/lab.ts'

describe.each(['shop', 'shop-sidecars', 'clinic'])('in the %s', shape => {
  let embedded: TestLab
  let lab: LabClient
  beforeAll(async () => {
    embedded = await startTestLab({ shape })
    lab = await connectLab(embedded.access)
  })
  afterAll(async () => {
    await lab?.close()
    await embedded?.close()
  })

  test.each(modes)(
    `${shape} under %s: a trace has one root, no orphan and both ends of every hop, one within the other`,
    async mode => {
      await lab.switchMode(mode)
      const { requestId = '', answer } = await followRequest(lab)
      expect(answer).toMatchObject({ headers: { 'x-request-id': requestId } })
      const trace = await readTrace(lab, requestId)
      expect(trace.flaws).toEqual([])
      const hops = usualHopsOf(lab.topology, mode).filter(({ spliced, link }) => !(spliced && link.caller === 'client'))
      const served = trace.spans.filter(({ kind }) => kind === 'server').map(({ workload }) => workload)
      expect(served.sort()).toEqual(hops.map(({ link }) => link.callee).sort())
      const called = trace.spans.filter(({ kind }) => kind === 'client')
      const inner = hops.slice(1)
      expect(called.map(({ attributes }) => attributes['hop.link']).sort()).toEqual(
        inner.map(({ link }) => link.id).sort(),
      )
      for (const { attributes, kind } of trace.spans) {
        const hop = inner.find(({ link }) => link.id === attributes['hop.link'])
        if (!hop) continue
        const secure = hop.transport !== 'plaintext'
        expect(attributes).toMatchObject({
          'http.response.status_code': expect.any(Number),
          'hop.transport': hop.transport,
          'url.scheme': secure ? 'https' : 'http',
          ...(secure ? { 'tls.protocol.version': '1.3', 'tls.cipher': expect.stringMatching(/^TLS_/) } : {}),
          ...(secure && kind === 'client'
            ? { 'hop.peer.identity': expect.stringMatching(`/${hop.link.callee}$`) }
            : {}),
          ...(kind === 'server' ? { 'http.route': expect.any(String) } : { 'server.address': hop.link.callee }),
        })
      }
      const spliced = modeTable[mode].ingress === 'passthrough'
      expect(trace.splice?.workload).toBe(spliced ? lab.topology.ingress.edge : undefined)
      if (spliced)
        expect(trace.splice).toMatchObject({ knownBy: 'address', serverName: lab.topology.ingress.serverName })
    },
  )

  test('a client’s own traceparent and request id begin no trace here, and its answer has neither', async () => {
    const traceId = '0af7651916cd43dd8448eb211c80319c'
    const headers = { traceparent: `00-${traceId}-b7ad6b7169203331-01`, 'x-request-id': 'a-client-made-this-1' }
    const { requestId = '', answer } = await followRequest(lab, { headers, ...lab.topology.probe })
    expect(requestId).not.toBe('a-client-made-this-1')
    expect(answer.headers['x-request-id']).toBe(requestId)
    expect((await readTrace(lab, requestId)).traceId).not.toBe(traceId)
    await expect(readTrace(lab, traceId)).rejects.toMatchObject({ code: 'request-unknown' })
  })
})
