import { HopError } from '../../pki/error.ts'
import { breakages, findBreakage } from '../../scenarios/breakage/breakages.ts'
import type { Breakage } from '../../scenarios/breakage/fault.ts'
import { type Provoked, provoke, type Skipped } from '../../scenarios/breakage/provoke.ts'
import { whyNot } from '../../scenarios/breakage/why-not.ts'
import { isClients } from '../../scenarios/flows/hops.ts'
import type { SecureVersion } from '../../scenarios/tools/outsider.ts'
import { active } from '../../services/control/rollout/break-glass-problems.ts'
import { usualHopsOf } from '../../services/hops.ts'
import { choose, givenAlone } from '../choice.ts'
import type { Context } from '../command.ts'
import { exit } from '../exit.ts'
import { withLabKept } from '../kept-lab.ts'
import { renderBreakages, renderProvoked } from '../render/break.ts'

export type BreakWords = { with?: string; side?: string; tls?: string; list?: boolean }

/** Makes failures on a link, one after the other, each at one end, and has the doctor name them. Fails where he does not. */
export const breakLink = async (context: Context, link: string | undefined, words: BreakWords): Promise<number> => {
  const { screen } = context
  if (words.list === true) {
    givenAlone('--list', { 'a link': link, '--with': words.with, '--side': words.side, '--tls': words.tls })
    const listed = breakages.map(({ name, summary, caller, callee }) => ({
      ...{ name, summary },
      ends: [...(caller ? ['caller'] : []), ...(callee ? ['callee'] : [])],
    }))
    screen.answer(listed, () => renderBreakages(listed, screen))
    return exit.ok
  }
  if (link === undefined || words.with === undefined) throw incomplete(link)
  const wanted =
    words.with === 'all' ? breakages : [...new Set(words.with.split(','))].map(name => findBreakage(name.trim()))
  const ends =
    words.side === undefined
      ? (['callee', 'caller'] as const)
      : [choose('side', words.side, ['caller', 'callee'], '--side')]
  return withLabKept(context, async lab => {
    const { mode, breakGlass } = await lab.state()
    const hops = usualHopsOf(lab.topology, mode)
    const id = choose(
      'link',
      link,
      hops.map(hop => hop.link.id),
    )
    const hop = hops.find(each => each.link.id === id)!
    if (breakGlass?.link === id) throw active(breakGlass)
    const version = versionOf(words.tls, isClients(hop), wanted)
    const provoked: Provoked[] = []
    const skipped: Skipped[] = []
    for (const breakage of wanted)
      for (const end of ends) {
        const because = whyNot(breakage, hop, end, lab.topology)
        if (because !== undefined) {
          skipped.push({ breakage: breakage.name, end, because })
          continue
        }
        if (breakage[end]?.slow)
          screen.aside(`${breakage.name} at the ${end}: somebody has to run out of patience first`)
        provoked.push(await provoke(lab, hop, breakage, end, version))
      }
    const outcome = { link: id, mode, transport: hop.transport, provoked, skipped }
    screen.answer(outcome, () => renderProvoked(outcome, screen))
    return provoked.length > 0 && provoked.every(({ named }) => named) ? exit.ok : exit.failed
  })
}

/** Workloads speak TLS 1.3 alone; only the public may come with less. */
const versionOf = (word: string | undefined, isPublic: boolean, wanted: readonly Breakage[]): SecureVersion => {
  const version = choose('tls', word ?? '1.3', ['1.2', '1.3'], '--tls')
  const cannot = !isPublic
    ? 'workloads speak TLS 1.3 alone'
    : wanted.some(({ name }) => name === 'versions') && 'the versions would meet'
  if (version === '1.3') return 'TLSv1.3'
  if (!cannot) return 'TLSv1.2'
  throw new HopError('usage', {
    field: '--tls',
    expected: '1.3 here',
    found: `1.2, and ${cannot}`,
    remedy: 'hop break LINK --with versions shows what becomes of a client that speaks no more than TLS 1.2',
  })
}

const incomplete = (link: string | undefined) =>
  new HopError('usage', {
    field: link === undefined ? 'link' : '--with',
    expected:
      link === undefined ? 'a link, such as orders:payments' : 'what to do wrong, such as expired,wrong-san or all',
    found: 'nothing',
    remedy: 'hop break --list shows all there is',
  })
