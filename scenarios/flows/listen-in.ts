import { linkIds } from '../../services/hops.ts'
import type { LabClient } from '../lab-client.ts'
import type { Recorded } from '../tap-client.ts'
import type { Attempt } from '../tools/attempt.ts'
import { type Canary, freshCanary } from '../tools/canary.ts'
import { decryptAll } from '../tools/decrypt.ts'
import { createOutsider, type OutsiderRequest } from '../tools/outsider.ts'
import { withKeyLogs } from './key-logs.ts'
import { freshWire } from './wire.ts'

/** One probe with everything that passed on every link, and every workload's TLS session secrets. */
export type Overheard = {
  canary: Canary
  answer: Attempt
  /** As it stood on the wire, all connections and directions of a link in one. */
  raw(link: string): Buffer
  /** The same, connection by connection. */
  recorded(link: string): Recorded[]
  /** What these workloads' secrets open of it. */
  decrypted(link: string, workloads: readonly string[]): Buffer
}

/** Sends one probe over new connections while every link is recorded from its first byte; `also` are sent after it. */
export const listenIn = async (
  lab: LabClient,
  headers: Record<string, string> = {},
  also: readonly OutsiderRequest[] = [],
): Promise<Overheard> => {
  const links = linkIds(lab.topology)
  const canary = freshCanary(lab.topology)
  const { method, path, body } = canary
  const { result, keyLogs } = await withKeyLogs(lab, Object.keys(lab.topology.workloads), async () => {
    await freshWire(lab, links)
    const outsider = await createOutsider(lab)
    const answer = await outsider.send({ method, path, body, headers: { ...canary.headers, ...headers } })
    for (const request of also) await outsider.send(request)
    const bytes = await Promise.all(links.map(async link => [link, await lab.wire(link).bytes()] as const))
    return { answer, recorded: new Map<string, Recorded[]>(bytes) }
  })
  const recorded = (link: string): Recorded[] => result.recorded.get(link) ?? []
  return {
    canary,
    answer: result.answer,
    recorded,
    raw: link => Buffer.concat(recorded(link).flatMap(({ bytes }) => [bytes['to-callee'], bytes['to-caller']])),
    decrypted: (link, workloads) =>
      decryptAll(
        recorded(link),
        workloads.flatMap(name => keyLogs[name] ?? []),
      ),
  }
}
