import type { Hop } from '../../services/modes.ts'
import { withKeyLogs } from '../flows/key-logs.ts'
import { freshWire } from '../flows/wire.ts'
import type { LabClient } from '../lab-client.ts'
import { defineScenario, type Evidence, type Observed } from '../scenario.ts'
import { freshCanary } from '../tools/canary.ts'
import { type CaptureRead, readCapture } from '../tools/capture-read.ts'
import { createOutsider } from '../tools/outsider.ts'
import { type Visible, visibleIn } from '../tools/visible.ts'

/** The same request in each mode, captured on every link it takes, as a file that any tool opens. */
export default defineScenario({
  id: 'packet-captures',
  claims: ['O4'],
  title: 'What does a packet capture still tell?',
  guarantee: 'a packet capture of <link> shows which requests pass and how they are answered',
  explanation:
    'One request is captured on every link as a pcapng file, and the file is read back by a reader that knows nothing of the lab. In plaintext every request line and status stands in it. Under TLS it tells names, sizes and times; the same capture with the session secrets of its ends put in is readable again, so whoever debugs by captures needs a way to get them.',
  per: 'link',
  select: () => true,
  expected: ({ transport, spliced }) => (transport === 'plaintext' && !spliced ? 'holds' : 'broken'),
  async run(lab, hops) {
    const captured = await captureAll(lab, hops)
    return new Map(hops.map(({ link }) => [link.id, judgeCapture(link.id, captured.get(link.id)!)]))
  },
})

/** One link's capture without session secrets, and with those that workloads reported. */
export type Captured = { plain: CaptureRead; keyed: CaptureRead; bytes: number }

const captureAll = async (lab: LabClient, hops: readonly Hop[]): Promise<Map<string, Captured>> => {
  const links = hops.map(({ link }) => link.id)
  const { keyLogs } = await withKeyLogs(lab, Object.keys(lab.topology.workloads), async () => {
    await freshWire(lab, links)
    const { method, path, body, headers } = freshCanary(lab.topology)
    await (await createOutsider(lab)).send({ method, path, body, headers })
  })
  const secrets = [...new Set(Object.values(keyLogs).flat())]
  const captures = links.map(async (link): Promise<[string, Captured]> => {
    const plain = await lab.wire(link).capture()
    const keyed = await lab.wire(link).capture(secrets)
    return [link, { plain: readCapture(plain), keyed: readCapture(keyed), bytes: plain.length }]
  })
  return new Map(await Promise.all(captures))
}

/**
 * Holds when requests and statuses can be read without any secret. The control: the capture does have a request in it, as
 * the one with secrets shows, and the one without has none of them.
 */
export const judgeCapture = (link: string, { plain, keyed, bytes }: Captured): Observed => {
  const seen = visibleIn(plain.connections)
  const opened = visibleIn(keyed.connections, keyed.keyLog)
  const readable = isReadable(seen)
  return {
    verdict: readable ? 'holds' : 'broken',
    because: readable
      ? `the capture shows ${seen.requests.join(', ')} and the answers ${seen.statuses.join(', ')}`
      : `in ${plain.packets} packets and ${seen.bytes} bytes no request can be read; ${toldBy(seen)}`,
    evidence: [
      text('a capture file', link, `${bytes} bytes, ${plain.packets} packets, ${seen.connections} connections`),
      text('what it shows by itself', link, wordsOf(seen)),
    ],
    control: {
      passed: isReadable(opened) && plain.keyLog.length === 0 && (readable || keyed.keyLog.length > 0),
      evidence: [text(`what it shows with ${keyed.keyLog.length} session secrets in it`, link, wordsOf(opened))],
    },
  }
}

const isReadable = ({ requests, statuses }: Visible): boolean => requests.length > 0 && statuses.length > 0

const toldBy = ({ tls, serverNames }: Visible): string =>
  `${tls} TLS connections${serverNames.length > 0 ? ` for ${serverNames.join(', ')}` : ''} can be counted, measured and timed`

const wordsOf = (visible: Visible): string =>
  isReadable(visible)
    ? `${visible.requests.join(', ')}; ${visible.statuses.join(', ')}`
    : `no request; ${toldBy(visible)}`

const text = (title: string, where: string, said: string): Evidence => ({ kind: 'text', title, where, text: said })
