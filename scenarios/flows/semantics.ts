import { hopsOf } from '../../services/hops.ts'
import type { Hop } from '../../services/modes.ts'
import type { Topology } from '../../services/topology/topology.ts'
import type { LabClient } from '../lab-client.ts'
import { freshCanary } from '../tools/canary.ts'
import { dialRaw, oneAnswer, type Raw, statusesIn } from '../tools/raw.ts'
import { bytesOf, type Door, doorOf, type RawRequest } from './door.ts'

/** An answer with what differs from run to run taken out, and how many proxies put their name into it. */
export type Told = { asked: string; status: number; interim: string; headers: string; body: string; via: number }

/** The same requests, one way in: `proxies` read and forward them before the service does. */
export type Way = { from: string; proxies: number; told: Told[] }

/** Asks the service the same, straight and through everything in front of it: from its own door outwards to the client's. */
export const askEveryWay = async (lab: LabClient): Promise<Way[]> => {
  const { mode } = await lab.state()
  const { passthroughTo } = lab.topology.ingress
  const chain = chainTo(hopsOf(lab.topology, mode), passthroughTo)
  const { body } = freshCanary(lab.topology)
  const text = JSON.stringify(body)
  return Promise.all(
    chain.map(async (hop, i) => {
      const door = await doorOf(lab, hop)
      const inFront = chain.slice(0, i).filter(later => !later.spliced && !hop.spliced).length
      const readers = [passthroughTo, ...chain.slice(1, 1 + inFront).map(({ link }) => link.callee)]
      return {
        from: hop.link.caller,
        proxies: inFront + sidecarsOf(lab.topology, readers),
        told: await askAll(lab, door, text),
      }
    }),
  )
}

/** A sidecar is a proxy too: in front of the service once, around another proxy on its way in and on its way out. */
const sidecarsOf = ({ workloads }: Topology, [service, ...proxies]: string[]): number =>
  Number(workloads[service!]!.sidecar) + 2 * proxies.filter(name => workloads[name]!.sidecar).length

/** The hops of a request from the service's own inwards end out to the client; each later one has one more in front. */
const chainTo = (hops: readonly Hop[], service: string): Hop[] => {
  const chain: Hop[] = []
  for (let to: string | undefined = service; to !== undefined; ) {
    const hop = hops.find(({ link }) => link.callee === to && !chain.some(known => known.link.id === link.id))
    if (hop) chain.push(hop)
    to = hop?.link.caller
  }
  return chain
}

type Ask = { asked: string; send(raw: Raw, door: Door): Promise<string> }

/** Each on a connection of its own: which of them a refusal ends is between the two ends of a hop. */
const askAll = (lab: LabClient, door: Door, body: string): Promise<Told[]> =>
  Promise.all(
    asks(lab, body).map(async ({ asked, send }) => {
      const { raw, failure, from } = await dialRaw(door.dial)
      if (!raw) throw new Error(`no connection to ${door.reader}: ${failure.name}`)
      try {
        return readAnswer(asked, await send(raw, door), from)
      } finally {
        raw.close()
      }
    }),
  )

const asks = ({ topology }: LabClient, body: string): Ask[] => {
  const { probe, ingress } = topology
  const request = (door: Door, target = probe.path, text = body): RawRequest => {
    const lines = door.honest().lines.filter(line => !/^content-type:/i.test(line))
    return { method: probe.method, target, lines: [...lines, 'Content-Type: application/json'], body: text }
  }
  const said = async (raw: Raw, bytes: string) => (await raw.ask(bytes, oneAnswer)).text
  const looked = ingress.allow.find(({ method }) => method === 'GET')?.path.replace(/\*$/, 'nothing')
  const all: Ask[] = [
    { asked: 'an order', send: (raw, door) => said(raw, bytesOf(request(door))) },
    {
      asked: 'an order in chunks',
      send: (raw, door) => {
        const half = body.length >> 1
        const chunks = [body.slice(0, half), body.slice(half)].map(part => `${part.length.toString(16)}\r\n${part}\r\n`)
        const head = bytesOf({ ...request(door), body: '' }, 'Transfer-Encoding: chunked')
        return said(raw, `${head}${chunks.join('')}0\r\n\r\n`)
      },
    },
    {
      asked: 'an order announced by Expect',
      async send(raw, door) {
        const head = bytesOf({ ...request(door), body: '' }, `Content-Length: ${body.length}`, 'Expect: 100-continue')
        const interim = await raw.ask(head, text => text.includes('\r\n\r\n'))
        return interim.text + (await said(raw, body))
      },
    },
    { asked: 'a body that is no JSON', send: (raw, door) => said(raw, bytesOf(request(door, probe.path, '{'))) },
    {
      asked: 'a second order on the same connection',
      async send(raw, door) {
        await said(raw, bytesOf(request(door)))
        return said(raw, bytesOf(request(door)))
      },
    },
    { asked: 'more than a service takes', send: (raw, door) => said(raw, bytesOf(request(door, probe.path, large))) },
  ]
  if (looked !== undefined)
    all.push({
      asked: 'something that is not there',
      send: (raw, door) => said(raw, bytesOf({ ...request(door, looked, ''), method: 'GET' })),
    })
  return all
}

/** Beyond what any of our services reads of one request. */
const large = JSON.stringify({ padding: 'x'.repeat(100_000) })

const compared = ['content-type', 'location', 'cache-control', 'etag', 'allow', 'retry-after']

/** `from`: the address it was asked from, which is another on another network. */
const readAnswer = (asked: string, text: string, from = ''): Told => {
  const start = text.search(/HTTP\/1\.1 [2-5]/)
  const final = text.slice(Math.max(start, 0))
  const end = final.indexOf('\r\n\r\n')
  const fields = final
    .slice(0, end)
    .split('\r\n')
    .slice(1)
    .map(line => line.split(/: (.*)/s) as [string, string])
  const values = (name: string) => fields.filter(([key]) => key.toLowerCase() === name).map(([, value]) => value)
  return {
    asked,
    status: statusesIn(final)[0] ?? 0,
    interim: text.slice(0, Math.max(start, 0)).split('\r\n')[0] ?? '',
    headers: compared.flatMap(name => values(name).map(value => `${name}: ${steady(value)}`)).join('\n'),
    body: steady(final.slice(end + 4)).replace(`"clientAddress":"${from}"`, '"clientAddress":"ours"'),
    via: values('via').flatMap(value => value.split(',')).length,
  }
}

/** Ids are made anew for every request. */
const steady = (text: string): string =>
  text.replace(/"requestId":"[^"]*"/g, '"requestId":"…"').replace(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '…')
