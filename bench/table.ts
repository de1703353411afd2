/** One round of one hop: requests per second, 99th percentile in ms, CPU per request in µs. */
export type Sample = { rps: number; p99: number; cpu: number; errors: number }

export const median = (numbers: readonly number[]): number => {
  const sorted = numbers.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

/** Rows of text. Ratios are paired: each round's figure over the reference's in the same round; spread is lowest to highest. */
export const tableOf = (
  title: string,
  hops: readonly { name: string; samples: readonly Sample[] }[],
  reference: string,
  peaks: ReadonlyMap<string, number>,
): string => {
  const against = hops.find(({ name }) => name === reference)!.samples
  const rows = hops.map(({ name, samples }) => {
    const ratios = samples.map((sample, round) => sample.cpu / against[round]!.cpu)
    const of = (pick: (sample: Sample) => number) => median(samples.map(pick))
    return [
      name,
      of(({ rps }) => rps).toFixed(0),
      of(({ p99 }) => p99).toFixed(1),
      of(({ cpu }) => cpu).toFixed(1),
      `${median(ratios).toFixed(2)} (${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)})`,
      peaks.get(name)!.toFixed(0),
      String(samples.reduce((sum, { errors }) => sum + errors, 0)),
    ]
  })
  const all = [[title, 'req/s', 'p99 ms', 'CPU µs/req', `CPU × ${reference}`, 'peak MB', 'errors'], ...rows]
  const widths = all[0]!.map((_, column) => Math.max(...all.map(row => row[column]!.length)))
  return `\n${all.map(row => row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!))).join('  ')).join('\n')}`
}
