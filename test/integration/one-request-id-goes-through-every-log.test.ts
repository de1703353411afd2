import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { modes, modeTable } from '../../services/modes.ts'
import { createPublicClient, operator, startTestLab, type TestLab } from '../support/lab.ts'

type Line = Record<string, unknown> & { workload: string; msg: string }

/** Who has the request on its way: under passthrough the edge and what stands behind it do not. */
const onTheWay = (lab: TestLab, mode: (typeof modes)[number]): string[] => {
  const { topology } = lab
  const { edge, passthroughTo } = topology.ingress
  const first = modeTable[mode].ingress === 'passthrough' ? passthroughTo : edge
  const way = new Set([first])
  for (const name of way) for (const { caller, callee } of topology.links) if (caller === name) way.add(callee)
  return [...way].sort()
}

describe.each(['shop', 'shop-sidecars'])('in the %s', shape => {
  let lab: TestLab
  let client: Awaited<ReturnType<typeof createPublicClient>>
  const lines: string[] = []
  beforeAll(async () => {
    lab = await startTestLab({ shape, logTo: { write: line => void lines.push(line) } })
    client = await createPublicClient(lab)
  })
  afterAll(async () => {
    await client?.close()
    await lab?.close()
  })

  /** What was logged about the requests since, once somebody has logged each of these. */
  const logged = async (since: number, requestId: unknown, workloads: readonly string[]): Promise<Line[]> => {
    for (;;) {
      const all = lines.slice(since).map(line => JSON.parse(line) as Line)
      const about = all.filter(line => line.requestId === requestId)
      if (workloads.every(name => about.some(({ workload, msg }) => workload === name && msg === 'request')))
        return about
      await new Promise(resolve => setTimeout(resolve, 5))
    }
  }

  test.each(modes)(
    `${shape} under %s: the id the client is told is in the log of every workload on the way`,
    async mode => {
      await operator(lab, 'PUT', '/api/mode', { mode })
      const since = lines.length
      const { status, headers } = await client.send()
      expect(status).toBe(201)
      const way = onTheWay(lab, mode)
      const about = await logged(since, headers['x-request-id'], way)
      expect([...new Set(about.map(({ workload }) => workload))].sort()).toEqual(way)
      const requests = about.filter(({ msg }) => msg === 'request')
      expect(requests).toHaveLength(way.length)
      expect(new Set(requests.map(({ traceId }) => traceId)).size).toBe(1)
      const applications = about.filter(({ msg }) => msg === 'request at the application')
      const behind = way.filter(name => lab.topology.workloads[name]?.sidecar)
      expect(applications.map(({ workload }) => workload).sort()).toEqual(behind)
      for (const line of lines
        .slice(since)
        .map(each => JSON.parse(each) as Line)
        .filter(({ msg }) => msg.startsWith('request')))
        expect(line.requestId, JSON.stringify(line)).toMatch(/^[\w.-]{8,64}$/)
    },
  )

  test(`${shape}: nothing secret of a request is in any of them`, async () => {
    const card = '4929123456781234'
    const since = lines.length
    const { headers } = await client.send({
      path: `${lab.topology.probe.path}?token=sesame`,
      headers: { authorization: 'Bearer sesame', cookie: 'session=sesame', 'x-api-key': 'sesame' },
      body: JSON.stringify({ ...lab.topology.probe.body, card }),
    })
    await logged(since, headers['x-request-id'], ['orders', 'payments'])
    const text = lines.join('')
    for (const secret of [card, 'sesame']) expect(text).not.toContain(secret)
  })
})
