import { HopError } from '../../pki/error.ts'
import { type Context, withLab } from '../command.ts'
import { exit } from '../exit.ts'
import { inOwnWords } from '../own-words.ts'

/** What `token` takes from the command line, as written there. */
export type TokenWords = { subject?: string; role?: string[]; audience?: string; lifetime?: string }

/** A user's token, signed by the lab: nothing but the token on standard output, so that a shell can use it. */
export const token = (context: Context, words: TokenWords): Promise<number> => {
  const { subject = 'ada', role: roles = [], audience, lifetime } = words
  const lifetimeS = lifetime === undefined ? undefined : seconds(lifetime)
  return withLab(context, async lab => {
    const wish = {
      ...{ subject, roles },
      ...(audience === undefined ? {} : { audience }),
      ...(lifetimeS === undefined ? {} : { lifetimeS }),
    }
    const made = await inOwnWords(options, lab.token(wish))
    context.screen.answer({ token: made }, () => made)
    return exit.ok
  })
}

const options = { subject: '--subject', roles: '--role', audience: '--audience', lifetimeS: '--lifetime' }

const seconds = (word: string): number => {
  if (/^[1-9]\d{0,4}$/.test(word) && Number(word) <= 86_400) return Number(word)
  const expected = 'seconds, from 1 to 86400'
  throw new HopError('usage', { field: '--lifetime', expected, found: JSON.stringify(word.slice(0, 100)) })
}
