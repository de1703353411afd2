/** What a query asks for: names of metrics, and labels it selects or groups by. Enough PromQL for that, and no more. */
export const namesIn = (expression: string): { metrics: string[]; labels: string[] } => {
  const bare = expression.replaceAll(/"(?:[^"\\]|\\.)*"/g, '""').replaceAll(/\[[^\]]*\]/g, '')
  const labels: string[] = []
  const withoutSelectors = bare.replaceAll(/\{([^}]*)\}/g, (_, inner: string) => {
    labels.push(...[...inner.matchAll(/([a-zA-Z_]\w*)\s*[!=]/g)].map(([, label]) => label!))
    return ' '
  })
  const withoutGroups = withoutSelectors.replaceAll(
    /\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)/g,
    (_, inner: string) => {
      labels.push(...inner.split(',').flatMap(label => (label.trim() === '' ? [] : [label.trim()])))
      return ' '
    },
  )
  const words = [...withoutGroups.matchAll(/\b[a-zA-Z_:][\w:]*\b(?!\s*\()/g)].map(([word]) => word)
  return {
    metrics: [...new Set(words.filter(word => !keywords.includes(word) && !/^\d/.test(word)))],
    labels: [...new Set(labels)],
  }
}

const keywords = [
  'and',
  'or',
  'unless',
  'offset',
  'bool',
  'inf',
  'nan',
  's',
  'm',
  'h',
  'sum',
  'min',
  'max',
  'count',
  'avg',
]
