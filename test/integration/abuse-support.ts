import { connect, type Socket } from 'node:net'
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls'
import type { Observations } from '../../services/chassis/observation.ts'
import type { Address } from '../../services/chassis/transport.ts'
import type { ControlState } from '../../services/control/glance.ts'
import { operator, type TestLab } from '../support/lab.ts'
import { createFakeWorkload } from './control-support.ts'

export const stateOf = async (lab: TestLab): Promise<ControlState> =>
  (await operator(lab, 'GET', '/api/state')) as ControlState

/** What a workload saw; `since` is the cursor of an earlier report. */
export const reportOf = async (lab: TestLab, name: string, since = 0): Promise<Observations> =>
  (await operator(lab, 'GET', `/api/workloads/${name}/report?since=${since}`)) as Observations

/** Asks for the report until something in it is as wanted, and answers that: records are written after the answer has left. */
export const seenBy = async <T>(
  lab: TestLab,
  name: string,
  since: number,
  pick: (report: Observations) => T | undefined,
): Promise<T> => {
  const until = Date.now() + 5_000
  for (;;) {
    const report = await reportOf(lab, name, since)
    const found = pick(report)
    if (found !== undefined) return found
    if (Date.now() > until)
      throw new Error(`${name} saw nothing like it, but: ${JSON.stringify([report.connections, report.requests])}`)
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}

/** Where a workload itself listens: past any tap, where an insider dials. */
export const addressOf = async (lab: TestLab, name: string): Promise<Address> => {
  const address = (await stateOf(lab)).workloads.find(workload => workload.name === name)?.address
  if (!address) throw new Error(`${name} has no address`)
  return address
}

/** How many times the bytes passed on a link, in clear. */
export const onWire = async (lab: TestLab, link: string, text: string): Promise<number> => {
  const answer = await fetch(`${lab.access.wire}/wire/${link}/find`, {
    method: 'POST',
    headers: { authorization: `Bearer ${lab.access.token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ text }),
  })
  return ((await answer.json()) as { count: number }).count
}

/** A workload's key and certificate in the hands of somebody else: enrolled with a join token of its own. */
export const stealIdentity = async (lab: TestLab, name: string) => {
  const { token } = (await operator(lab, 'POST', '/api/join-tokens', { workload: name, reason: 'test' })) as {
    token: string
  }
  const { bundle } = await stateOf(lab)
  const thief = createFakeWorkload({ address: lab.access.control, bootstrap: [bundle] }, name)
  const { status } = await thief.enrol(token)
  const pair = thief.pair()
  if (status !== 200 || !pair) throw new Error(`enrolment: ${status}`)
  return { ...pair, token, ca: bundle }
}

/** A connection to the public door, made for the shop's name; resolves after the handshake. */
export const dialEdge = async (lab: TestLab, options: ConnectionOptions = {}): Promise<TLSSocket> => {
  const ca = options.ca ?? (await stateOf(lab)).bundle
  return dialTls(lab.access.edge, { servername: lab.topology.ingress.serverName, ...options, ca })
}

export const dialTls = (address: Address, options: ConnectionOptions): Promise<TLSSocket> =>
  new Promise((resolve, reject) => {
    const socket = connectTls({ ...address, ALPNProtocols: ['http/1.1'], ...options }, () => resolve(socket))
    socket.once('error', reject)
    socket.on('error', () => {})
  })

export const dialPlain = ({ host, port }: Address): Socket => connect(port, host).on('error', () => {})

/** Writes bytes and reads until the other end closes or `enough` was read. Latin-1 both ways. */
export const converse = (
  socket: Socket,
  bytes: string | Buffer,
  enough: (text: string) => boolean = () => false,
): Promise<string> =>
  new Promise(resolve => {
    let text = ''
    const done = () => {
      socket.off('data', read).off('close', done).off('end', done)
      resolve(text)
    }
    const read = (chunk: Buffer) => {
      text += chunk.toString('latin1')
      if (enough(text)) done()
    }
    socket.on('data', read).on('close', done).on('end', done)
    socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes)
  })

/** One whole HTTP/1.1 answer with a Content-Length has been read. */
export const oneAnswer = (text: string): boolean => {
  const end = text.indexOf('\r\n\r\n')
  if (end < 0) return false
  const length = /\r\ncontent-length: (\d+)/i.exec(text.slice(0, end))
  return text.length >= end + 4 + Number(length?.[1] ?? 0)
}

export const statusesIn = (text: string): number[] =>
  [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, code]) => Number(code))

/** The failure a problem+json names. */
export const failureIn = (text: string): string | undefined => /"failure":"([^"]+)"/.exec(text)?.[1]

/** The order that shows the shop at work, as raw HTTP/1.1. */
export const orderBytes = (lab: TestLab, lines: string[] = []): string => {
  const { probe, ingress } = lab.topology
  const body = JSON.stringify(probe.body)
  const own = [`Host: ${ingress.serverName}`, 'Content-Type: application/json', `Content-Length: ${body.length}`]
  return `${probe.method} ${probe.path} HTTP/1.1\r\n${[...own, ...lines].join('\r\n')}\r\n\r\n${body}`
}
