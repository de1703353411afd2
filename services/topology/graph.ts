type Edge = { from: string; to: string }

/** Everything links lead to from here, here included. */
export const reachableFrom = (start: string, links: readonly Edge[]): Set<string> => {
  const reached = new Set([start])
  for (const name of reached) {
    for (const { from, to } of links) if (from === name) reached.add(to)
  }
  return reached
}

/** One cycle as the names along it, first and last the same; undefined when there is none. */
export const findCycle = (names: readonly string[], links: readonly Edge[]): string[] | undefined => {
  const done = new Set<string>()
  const visit = (name: string, trail: string[]): string[] | undefined => {
    if (trail.includes(name)) return [...trail.slice(trail.indexOf(name)), name]
    if (done.has(name)) return undefined
    for (const { from, to } of links) {
      const cycle = from === name ? visit(to, [...trail, name]) : undefined
      if (cycle) return cycle
    }
    done.add(name)
    return undefined
  }
  for (const name of names) {
    const cycle = visit(name, [])
    if (cycle) return cycle
  }
  return undefined
}
