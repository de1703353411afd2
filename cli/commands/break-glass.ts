import { HopError } from '../../pki/error.ts'
import type { Transport } from '../../services/chassis/transport.ts'
import { linkIds } from '../../services/hops.ts'
import { alone } from '../alone.ts'
import { choose, givenAlone } from '../choice.ts'
import { type Context, withLab } from '../command.ts'
import { exit } from '../exit.ts'
import { inOwnWords } from '../own-words.ts'
import { renderBreakGlass } from '../render/break-glass.ts'
import { readDuration } from '../since.ts'

export type BreakGlassWords = { for?: string; reason?: string; to?: string; end?: boolean }

/** Relaxes one link for a while, or ends that before its time. Fails where an end of the link did not say that it does so. */
export const breakGlass = (context: Context, link: string | undefined, words: BreakGlassWords): Promise<number> => {
  const { screen } = context
  if (words.end) {
    givenAlone('--end', { 'a link': link, '--for': words.for, '--reason': words.reason, '--to': words.to })
    return withLab(context, async lab => {
      await lab.lifecycle.endBreakGlass()
      screen.answer({ ended: true }, () => 'Ended: every link is as strict as its mode says.')
      return exit.ok
    })
  }
  if (link === undefined) throw usage('link', 'a link such as orders:payments, or --end', undefined)
  const asked = { forS: seconds(words.for), reason: reason(words.reason), transport: weaker(words.to) }
  return withLab(context, async lab => {
    const wish = { link: choose('link', link, linkIds(lab.topology)), ...asked }
    const begin = () =>
      inOwnWords({ forS: '--for', reason: '--reason', transport: '--to' }, lab.lifecycle.breakGlass(wish))
    const glass = await alone(context.stateDir, begin)
    screen.answer(glass, () => renderBreakGlass(glass, lab.topology, screen))
    return glass.acknowledged ? exit.ok : exit.failed
  })
}

/** `30s`, `5m`, `1h`: at most an hour. */
const seconds = (word: string | undefined): number => {
  const ms = word === undefined ? undefined : readDuration(word)
  if (ms !== undefined && ms >= 1000 && ms <= 3_600_000 && ms % 1000 === 0) return ms / 1000
  throw usage('--for', 'a time from 1s to 1h, such as 30s or 5m', word)
}

const reason = (word: string | undefined): string => {
  if (word !== undefined && /\S/.test(word) && word.length <= 300) return word
  throw usage('--reason', 'why, in at most 300 characters: it goes on the record', word)
}

const weaker = (word = 'plaintext'): Transport => {
  if (word === 'plaintext' || word === 'tls') return word
  throw usage('--to', 'plaintext or tls', word)
}

const usage = (field: string, expected: string, found: string | undefined) =>
  new HopError('usage', {
    field,
    expected,
    found: found === undefined ? 'nothing' : JSON.stringify(found.slice(0, 100)),
    remedy: 'hop break-glass --help has an example',
  })
