import { readFileSync } from 'node:fs'
import { HopError } from '../pki/error.ts'

const usage = (field: string, expected: string, found: string | undefined) =>
  new HopError('usage', {
    field,
    expected,
    found: found === undefined ? 'nothing' : JSON.stringify(found.slice(0, 100)),
  })

/** A method as people type it. Throws `usage`, as all of these do. */
export const checkMethod = (word: string): string => {
  if (/^[A-Za-z]{1,20}$/.test(word)) return word.toUpperCase()
  throw usage('METHOD', 'a method like POST', word)
}

export const checkPath = (word: string | undefined): string => {
  if (word !== undefined && /^\/[\x21-\x7e]*$/.test(word)) return word
  throw usage('PATH', 'a path like /orders/1', word)
}

export const readHeader = (word: string): [string, string] => {
  const [, name, value] = /^([!#$%&'*+.^`|~\w-]+):[ \t]*([\t\x20-\x7e]*)$/.exec(word) ?? []
  if (name !== undefined && value !== undefined) return [name, value]
  throw usage('--header', "a header like 'x-request-id: 7'", word)
}

/** JSON, or `@file` that holds it. */
export const readBody = (word: string): unknown => {
  const text = word.startsWith('@') ? readGiven(word.slice(1)) : word
  try {
    return JSON.parse(text)
  } catch {
    throw usage('--body', `JSON like '{"stock":"mug"}'`, text)
  }
}

const readGiven = (path: string): string => {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw usage('--body', `a readable file (${(error as NodeJS.ErrnoException).code})`, path)
  }
}
