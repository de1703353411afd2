import { followRequest } from '../../scenarios/follow.ts'
import { observeMap } from '../../scenarios/map.ts'
import { type Context, withLab } from '../command.ts'
import { exit } from '../exit.ts'
import { renderMap } from '../render/map.ts'
import { renderRequest, succeeded } from '../render/request.ts'
import { checkMethod, checkPath, readBody, readHeader } from '../request-words.ts'

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
