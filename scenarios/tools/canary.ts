import { randomInt } from 'node:crypto'
import type { Topology } from '../../services/topology/topology.ts'

/** A probe whose every value is fresh, so that finding one on the wire can have one cause only. */
export type Canary = {
  method: string
  path: string
  body: Record<string, string | number>
  headers: Record<string, string>
  /** By data class: the part of its value that occurs nowhere else. */
  needles: Record<string, string>
}

/** The topology's probe with fresh values. `token`, where it is a data class, travels as a bearer token (RFC 6750). */
export const freshCanary = ({ probe, data }: Topology): Canary => {
  const needles: Record<string, string> = {}
  const body: Canary['body'] = {}
  for (const [name, value] of Object.entries(probe.body)) {
    const fresh = freshValue(value)
    body[name] = fresh.value
    needles[name] = fresh.needle
  }
  const headers: Record<string, string> = {}
  if (Object.hasOwn(data, 'token')) {
    needles.token = random(letters, 32)
    headers.authorization = `Bearer ${needles.token}`
  }
  return { method: probe.method, path: probe.path, body, headers, needles }
}

const digits = '0123456789'
const letters = 'abcdefghijkmnpqrstuvwxyz23456789'

const freshValue = (value: string | number): { value: string | number; needle: string } => {
  if (typeof value === 'number') {
    const fresh = freshNumber()
    return { value: fresh, needle: String(fresh) }
  }
  if (/^\d{12,19}$/.test(value)) {
    const card = luhn(`4${random(digits, value.length - 2)}`)
    return { value: card, needle: card }
  }
  const needle = random(letters, 12)
  return { value: `${value} ${needle}`, needle }
}

/** Nine digits: short enough for an amount of money, long enough not to occur by chance. */
export const freshNumber = (): number => randomInt(100_000_000, 1_000_000_000)

/** `length` characters of an alphabet. */
export const random = (alphabet: string, length: number): string =>
  Array.from({ length }, () => alphabet[randomInt(alphabet.length)]).join('')

/** Appends the check digit that makes it a card number (ISO/IEC 7812-1, annex B). */
export const luhn = (head: string): string => {
  const sum = [...head].reverse().reduce((total, digit, i) => {
    const value = Number(digit) * (i % 2 === 0 ? 2 : 1)
    return total + (value > 9 ? value - 9 : value)
  }, 0)
  return `${head}${(10 - (sum % 10)) % 10}`
}
