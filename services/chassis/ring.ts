/** Keeps the last `size` records in order of their cursor; older ones fall out. */
export type Ring<T> = {
  /** Its cursor must be above all before it. */
  push(record: T): void
  /** Makes a record the newest again, under a cursor above all others. One that fell out stays out. */
  renew(record: T, cursor: number): void
  /** Records after `cursor`, oldest first. Costs no more than it finds. */
  since(cursor: number): T[]
}

export const createRing = <T extends { cursor: number }>(size: number): Ring<T> => {
  const slots: T[] = []
  let next = 0
  const slotBefore = (slot: number): number => (slot + size - 1) % size
  return {
    push(record) {
      slots[next] = record
      next = (next + 1) % size
    },
    renew(record, cursor) {
      let slot = slots.indexOf(record)
      if (slot < 0) return
      for (const newest = slotBefore(next); slot !== newest; slot = (slot + 1) % size)
        slots[slot] = slots[(slot + 1) % size]!
      record.cursor = cursor
      slots[slot] = record
    },
    since(cursor) {
      const found: T[] = []
      let slot = slotBefore(next)
      while (found.length < slots.length && slots[slot]!.cursor > cursor) {
        found.push(slots[slot]!)
        slot = slotBefore(slot)
      }
      return found.reverse()
    },
  }
}
