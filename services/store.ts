import { randomUUID } from 'node:crypto'

/** Records by id, in memory. The oldest make room once there are `limit`. */
export type Store<Record> = {
  /** Keeps a record under a new id that cannot be guessed. */
  add(record: Record): string
  get(id: string): Record | undefined
  replace(id: string, record: Record): void
}

export const createStore = <Record>(limit = 10_000, newId: () => string = randomUUID): Store<Record> => {
  const records = new Map<string, Record>()
  return {
    add(record) {
      const id = newId()
      records.set(id, record)
      if (records.size > limit) records.delete(records.keys().next().value!)
      return id
    },
    get: id => records.get(id),
    replace(id, record) {
      if (records.has(id)) records.set(id, record)
    },
  }
}
