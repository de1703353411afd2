import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { HopError } from '../../pki/error.ts'
import { readGiven, writeSecret } from './secret-files.ts'

/** The operator's token in a file that was given; one that is not there is made. Throws `operator-token-unusable`, `file-unreadable`. */
export const readOrMakeToken = (path: string): string => {
  if (!existsSync(path)) writeSecret(path, `${randomBytes(32).toString('base64url')}\n`)
  return readToken(path)
}

/** How long somebody may take who makes it, ms. */
const patience = { pauseMs: 250, tries: 240 }

/** The same for whoever does not make it himself, and may have started first. */
export const awaitToken = async (path: string): Promise<string> => {
  for (let left = patience.tries; left > 0 && !existsSync(path); left--) await wait(patience.pauseMs)
  return readToken(path)
}

const readToken = (path: string): string => {
  const token = readGiven(path, 'the token of the operator')
  if (/^[\w-]{32,200}$/.test(token)) return token
  throw new HopError('operator-token-unusable', {
    field: path,
    expected: '32 to 200 characters of base64url',
    found: `${token.length} characters`,
    remedy: 'openssl rand -hex 32 makes one',
  })
}
