/** A value that remembers which of its fields, and of those within, were read. */
export type Watched<Value> = {
  value: Value
  /** Paths of the fields that nobody read, `/spec/replicsa`. */
  unread(): string[]
}

/** Watches a tree of plain objects and arrays. */
export const watched = <Value extends object>(tree: Value): Watched<Value> => {
  const read = new Set<string | symbol>()
  const within = new Map<string | symbol, Watched<object>>()
  const value = new Proxy(tree, {
    get(target, key) {
      read.add(key)
      const found: unknown = Reflect.get(target, key)
      if (typeof found !== 'object' || found === null) return found
      if (!within.has(key)) within.set(key, watched(found))
      return within.get(key)!.value
    },
  })
  return {
    value,
    unread: () =>
      Object.keys(tree).flatMap(key => {
        if (!read.has(key)) return [`/${key}`]
        return (
          within
            .get(key)
            ?.unread()
            .map(path => `/${key}${path}`) ?? []
        )
      }),
  }
}
