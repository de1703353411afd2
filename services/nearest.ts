/** Nobody mistypes more than that, and each letter costs. */
const longest = 200

/** The candidate a mistyped word most likely meant, or undefined when none is close: a third of its letters may differ. */
export const nearest = (word: string, candidates: Iterable<string>): string | undefined => {
  if (word.length > longest) return undefined
  let best: string | undefined
  let least = Math.max(word.length < 4 ? 1 : 2, Math.floor(word.length / 3)) + 1
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - word.length) >= least) continue
    const distance = edits(word, candidate)
    if (distance < least) [best, least] = [candidate, distance]
  }
  return best
}

/** The same, or else the one candidate that the word is a piece of: `1.3` for `TLSv1.3`. */
export const likely = (word: string, candidates: readonly string[]): string | undefined => {
  const close = nearest(word, candidates)
  if (close !== undefined || word.length < 3) return close
  const around = candidates.filter(candidate => candidate.toLowerCase().includes(word.toLowerCase()))
  return around.length === 1 ? around[0] : undefined
}

/** Levenshtein distance, two letters that changed places counted as one edit; a row at a time. */
const edits = (a: string, b: string): number => {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column)
  let above = row
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1, swapped ? above[j - 2]! + 1 : replaced))
    }
    above = row
    row = next
  }
  return row[b.length]!
}
