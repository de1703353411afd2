import { internalServerName } from '../../services/chassis/connector.ts'
import { callerHeader } from '../../services/chassis/policy.ts'
import type { Hop } from '../../services/modes.ts'
import type { LabClient } from '../lab-client.ts'
import { freshCanary } from '../tools/canary.ts'
import type { Dial } from '../tools/raw.ts'
import { idOf, isInner, listeningAt, requestOn } from './hops.ts'

/** An HTTP/1.1 request before it is bytes: header lines without their ends, the body as text. */
export type RawRequest = { method: string; target: string; lines: string[]; body: string }

/** Where the TLS and HTTP of a hop end, as its genuine caller comes to it: past the taps, with what proves who he is. */
export type Door = {
  /** The workload that reads the request. */
  reader: string
  host: string
  dial: Dial
  /** A fresh honest request that the hop's rule allows. */
  honest(): RawRequest
}

/** The door of a hop. A client's own hop leads through the public address, to whoever ends its TLS there. */
export const doorOf = async (lab: LabClient, hop: Hop): Promise<Door> => {
  const { topology } = lab
  const { link, transport, spliced } = hop
  const { serverName, passthroughTo } = topology.ingress
  const request = (host: string, lines: string[]): RawRequest => {
    const { method, path, body, headers = {} } = requestOn(link, freshCanary(topology))
    const text = body === undefined ? '' : JSON.stringify(body)
    const carried = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
    const typed = text === '' ? [] : ['Content-Type: application/json']
    return { method, target: path, lines: [`Host: ${host}`, ...lines, ...carried, ...typed], body: text }
  }
  if (!isInner(hop)) {
    const { bundle } = await lab.state()
    const straight = spliced && link.callee === passthroughTo
    return {
      reader: spliced ? passthroughTo : link.callee,
      host: serverName,
      dial: {
        address: straight ? await listeningAt(lab, passthroughTo) : lab.access.edge,
        tls: { servername: serverName, ca: bundle },
      },
      honest: () => request(serverName, []),
    }
  }
  const { caller, callee } = link
  const pair = transport === 'mtls' ? await lab.credentials.stolen(caller) : undefined
  const tls = {
    servername: internalServerName(callee, topology.trustDomain),
    rejectUnauthorized: false,
    ...(pair ? { key: pair.key, cert: pair.chain } : {}),
  }
  return {
    reader: callee,
    host: callee,
    dial: { address: await listeningAt(lab, callee), ...(transport === 'plaintext' ? {} : { tls }) },
    honest: () => request(callee, [`${callerHeader}: ${idOf(topology, caller)}`]),
  }
}

/** The request as bytes, framed by its Content-Length; `more` header lines go last. */
export const bytesOf = ({ method, target, lines, body }: RawRequest, ...more: string[]): string => {
  const length = body === '' ? [] : [`Content-Length: ${Buffer.byteLength(body)}`]
  return `${method} ${target} HTTP/1.1\r\n${[...lines, ...length, ...more].join('\r\n')}\r\n\r\n${body}`
}
