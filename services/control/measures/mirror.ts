import type { ConnectionRecord, Observations, RequestRecord } from '../../chassis/observation.ts'

type Kept = { cursor: number; connections: Map<string, ConnectionRecord>; requests: RequestRecord[] }

/** As many as a workload remembers of each. */
const most = 2000

/** What a workload remembers, kept here as well, so that who looks every few seconds is told only what is new. */
export type Mirror = {
  /** Its report as from the beginning of its memory; undefined when it does not answer. */
  read(name: string): Promise<Observations | undefined>
}

export const createMirror = (report: (name: string, since: number) => Promise<Observations>): Mirror => {
  const mirrored = new Map<string, Kept>()
  const ask = (name: string, since: number) => report(name, since).catch(() => undefined)

  return {
    async read(name) {
      let kept = mirrored.get(name) ?? emptied()
      let told = await ask(name, kept.cursor)
      // who restarted in between counts from one again
      if (told && told.cursor < kept.cursor) {
        kept = emptied()
        told = await ask(name, 0)
      }
      if (!told) return undefined
      // a record that is told again is new: something was added to it
      for (const record of told.connections) {
        kept.connections.delete(record.id)
        kept.connections.set(record.id, record)
      }
      for (const id of kept.connections.keys()) {
        if (kept.connections.size <= most) break
        kept.connections.delete(id)
      }
      kept.requests = [...kept.requests, ...told.requests].slice(-most)
      kept.cursor = told.cursor
      mirrored.set(name, kept)
      return { ...told, connections: [...kept.connections.values()], requests: kept.requests }
    },
  }
}

const emptied = (): Kept => ({ cursor: 0, connections: new Map(), requests: [] })
