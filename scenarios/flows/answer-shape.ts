import type { Attempt } from '../tools/attempt.ts'

/** An answer without its values: `201 {amount: number, id: string}`; the failure's name where none came. */
export const answerShape = (attempt: Attempt): string =>
  attempt.answered ? `${attempt.status} ${shapeOf(attempt.body)}` : attempt.failure.name

const shapeOf = (text: string): string => {
  try {
    return kind(JSON.parse(text))
  } catch {
    return 'no JSON'
  }
}

const kind = (value: unknown): string => {
  if (value === null) return 'null'
  if (Array.isArray(value)) return `[${value.map(kind).join(', ')}]`
  if (typeof value !== 'object') return typeof value
  const fields = Object.entries(value).map(([name, inner]) => `${name}: ${kind(inner)}`)
  return `{${fields.sort().join(', ')}}`
}
