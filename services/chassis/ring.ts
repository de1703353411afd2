/** Keeps the last `size` records in order of their cursor; older ones fall out. */
export type Ring<T> = {
  push(record: T): void
  /** Records pushed after `cursor`, oldest first. */
  since(cursor: number): T[]
}

export const createRing = <T extends { cursor: number }>(size: number): Ring<T> => {
  const slots: T[] = []
  let next = 0
  return {
    push(record) {
      slots[next] = record
      next = (next + 1) % size
    },
    since(cursor) {
      const ordered = slots.length < size ? slots : [...slots.slice(next), ...slots.slice(0, next)]
      return ordered.filter(record => record.cursor > cursor)
    },
  }
}
