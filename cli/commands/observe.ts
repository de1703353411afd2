import { readFileSync } from 'node:fs'
import { HopError } from '../../pki/error.ts'
import { followRequest } from '../../scenarios/follow.ts'
import { observeMap } from '../../scenarios/map.ts'
import { type Context, withLab } from '../command.ts'
import { exit } from '../exit.ts'
import { renderMap } from '../render/map.ts'
import { renderRequest, succeeded } from '../render/request.ts'

/** One probe, hop by hop as both ends saw it. Fails where an observed hop is not the intended one. */
export const map = (context: Context): Promise<number> =>
  withLab(context, async lab => {
    const { screen } = context
    const seen = await observeMap(lab)
    screen.answer(seen, () => renderMap(seen, screen))
    return seen.hops.some(({ differs }) => differs.length > 0) ? exit.failed : exit.ok
  })

type RequestWords = { header?: string[]; body?: string }

/** One request as the public client, followed through everybody's records. Fails without an answer below 400. */
export const request = (
  context: Context,
  method: string | undefined,
  path: string | undefined,
  words: RequestWords,
) => {
  const asked = {
    ...(method === undefined ? {} : { method: checkMethod(method), path: checkPath(path) }),
    ...(words.body === undefined ? {} : { body: readBody(words.body) }),
    ...(words.header === undefined ? {} : { headers: Object.fromEntries(words.header.map(readHeader)) }),
  }
  return withLab(context, async lab => {
    const { screen } = context
    const followed = await followRequest(lab, asked)
    screen.answer(followed, () => renderRequest(followed, screen))
    return succeeded(followed) ? exit.ok : exit.failed
  })
}

const usage = (field: string, expected: string, found: string | undefined) =>
  new HopError('usage', {
    field,
    expected,
    found: found === undefined ? 'nothing' : JSON.stringify(found.slice(0, 100)),
  })

const checkMethod = (word: string): string => {
  if (/^[A-Za-z]{1,20}$/.test(word)) return word.toUpperCase()
  throw usage('METHOD', 'a method like POST', word)
}

const checkPath = (word: string | undefined): string => {
  if (word !== undefined && /^\/[\x21-\x7e]*$/.test(word)) return word
  throw usage('PATH', 'a path like /orders/1', word)
}

const readHeader = (word: string): [string, string] => {
  const [, name, value] = /^([!#$%&'*+.^`|~\w-]+):[ \t]*([\t\x20-\x7e]*)$/.exec(word) ?? []
  if (name !== undefined && value !== undefined) return [name, value]
  throw usage('--header', "a header like 'x-request-id: 7'", word)
}

/** JSON, or `@file` that holds it. */
const readBody = (word: string): unknown => {
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
