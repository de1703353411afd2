import { HopError } from '../pki/error.ts'
import { wrap } from './render/table.ts'

/** An error as a person should read it: what is wrong, then what to do. A stack only when asked for. */
export const complaint = (error: unknown, debug: boolean, columns = Number.POSITIVE_INFINITY): string => {
  const broken = (text: string) => text.split('\n').flatMap(line => fitted(line, columns))
  const lines = broken(`hop: ${printable(withoutRemedy(error))}`)
  if (error instanceof HopError && error.remedy) lines.push(...broken(`  ${printable(error.remedy)}`))
  if (!(error instanceof HopError) && !debug) lines.push('  This should not happen. HOP_DEBUG=1 shows where it did.')
  if (debug) lines.push(stackOf(error))
  return lines.join('\n')
}

/** As it is where it fits; else broken between words, and set in. */
const fitted = (line: string, columns: number): string[] => {
  if (line.length <= columns) return [line]
  const indent = line.startsWith('  ') ? '  ' : ''
  return wrap(line.trim(), Math.max(20, columns - 5)).map((part, i) => `${i === 0 ? indent : '     '}${part}`)
}

/** The same for programs. */
export const complaintJson = (error: unknown) => {
  if (!(error instanceof HopError)) return { error: { code: 'internal-error', message: String(error) } }
  const { code, message, field, expected, found, remedy } = error
  return { error: { code, message, field, expected, found, remedy } }
}

const withoutRemedy = (error: unknown): string => {
  if (!(error instanceof HopError)) return error instanceof Error ? error.message : String(error)
  const { message, remedy } = error
  return remedy && message.endsWith(`. ${remedy}`) ? message.slice(0, -remedy.length - 2) : message
}

const stackOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error)
  return [error.stack, error.cause === undefined ? '' : `caused by ${stackOf(error.cause)}`].filter(Boolean).join('\n')
}

/** Nothing a terminal would obey, wherever the text came from. */
const printable = (text: string): string =>
  text.replace(/[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/g, '?')
