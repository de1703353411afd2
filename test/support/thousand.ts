import { Agent } from 'undici'
import { findLab } from '../../lab/state-file.ts'
import { connectLab } from '../../scenarios/lab-client.ts'

/** Sends the probe of a running lab so many times, each over a new connection, a few at once; answers how many were served. */
export const loadOnce = async (stateDir: string, times: number): Promise<number> => {
  const lab = await connectLab(findLab(stateDir).access)
  const { probe, ingress } = lab.topology
  const { bundle } = await lab.state()
  const agent = new Agent({
    connections: 8,
    pipelining: 0,
    allowH2: false,
    connect: { ca: bundle, servername: ingress.serverName },
  })
  const { host, port } = lab.access.edge
  let left = times
  let served = 0
  const client = async () => {
    while (left-- > 0) {
      const { statusCode, body } = await agent.request({
        ...{ origin: `https://${host}:${port}`, method: probe.method as 'POST', path: probe.path },
        headers: { host: ingress.serverName, 'content-type': 'application/json' },
        body: JSON.stringify(probe.body),
        reset: true,
      })
      await body.dump()
      if (statusCode < 300) served++
    }
  }
  await Promise.all(Array.from({ length: 8 }, client))
  await agent.destroy()
  await lab.close()
  return served
}
