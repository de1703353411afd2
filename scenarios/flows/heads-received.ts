import { clientLink, linkIds } from '../../services/hops.ts'
import type { LabClient } from '../lab-client.ts'
import { decryptAll } from '../tools/decrypt.ts'
import { withKeyLogs } from './key-logs.ts'
import { freshWire } from './wire.ts'

/**
 * The heads of HTTP/1.1 requests as they came to one workload while `send` ran, line by line: read from the bytes on every
 * link that leads to it, opened with its own session secrets where they are TLS.
 */
export const headsReceived = async <Sent>(
  lab: LabClient,
  workload: string,
  send: () => Promise<Sent>,
): Promise<{ sent: Sent; heads: string[][] }> => {
  const links = linkIds(lab.topology)
  const entrance = clientLink(lab.topology).id
  const leading = links.filter(link => link.endsWith(`:${workload}`) || link === entrance)
  const { result, keyLogs } = await withKeyLogs(lab, [workload], async () => {
    await freshWire(lab, links)
    const sent = await send()
    return { sent, recorded: (await Promise.all(leading.map(link => lab.wire(link).bytes()))).flat() }
  })
  const { sent, recorded } = result
  const plain = recorded.map(({ bytes }) => bytes['to-callee'])
  const text = Buffer.concat([...plain, decryptAll(recorded, keyLogs[workload] ?? [])]).toString('latin1')
  return { sent, heads: [...text.matchAll(head)].map(([, lines]) => lines!.trimEnd().split('\r\n')) }
}

const head = /([A-Z]+ \/\S* HTTP\/1\.1\r\n(?:[\x20-\x7e]+\r\n)+)\r\n/g
