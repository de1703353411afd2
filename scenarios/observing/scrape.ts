/** One line of a scrape. */
export type Series = { name: string; labels: Readonly<Record<string, string>>; value: number }

const line = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/
const label = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)",?/g

/** Reads Prometheus' text format as our workloads write it: without timestamps. What is no series is left out. */
export const readScrape = (text: string): Series[] =>
  text.split('\n').flatMap(each => {
    const [, name, labels = '', value] = each.startsWith('#') ? [] : (line.exec(each) ?? [])
    if (name === undefined) return []
    const pairs = [...labels.matchAll(label)].map(([, key, quoted]) => [key, unescaped(quoted!)])
    return [{ name, labels: Object.fromEntries(pairs), value: numberOf(value!) }]
  })

/** The sum of the series of a name whose labels are these, whatever others they have. */
export const sumOf = (series: readonly Series[], name: string, labels: Series['labels'] = {}): number =>
  matching(series, name, labels).reduce((sum, { value }) => sum + value, 0)

export const matching = (series: readonly Series[], name: string, labels: Series['labels'] = {}): Series[] =>
  series.filter(
    each => each.name === name && Object.entries(labels).every(([key, value]) => (each.labels[key] ?? '') === value),
  )

const unescaped = (quoted: string): string =>
  quoted.replace(/\\(.)/g, (_, character: string) => (character === 'n' ? '\n' : character))

const numberOf = (text: string): number =>
  text === '+Inf' ? Number.POSITIVE_INFINITY : text === '-Inf' ? Number.NEGATIVE_INFINITY : Number(text)
