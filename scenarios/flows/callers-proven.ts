import type { Hop } from '../../services/modes.ts'
import { isInner } from './hops.ts'
import { wasServed } from './insider-call.ts'
import type { Met, NeedsSeen } from './needs-seen.ts'

/**
 * On every inner hop this is about: was the real caller believed for its certificate, and one without turned away as such?
 * Where one without was served, the caller is not proven, whatever the honest one showed.
 */
export const callersProven = ({ hops, watched, rogues }: NeedsSeen, about: (hop: Hop) => boolean): Met => {
  const judged = hops
    .filter(hop => isInner(hop) && about(hop))
    .map(hop => {
      const rogue = rogues.get(hop.link.id)
      const served = rogue !== undefined && wasServed(hop, rogue)
      const refused = rogue?.refusal?.failure?.name === 'no-client-certificate' && !rogue.request
      const honest = watched.hop(hop)?.believed?.by === 'certificate'
      return { link: hop.link.id, proven: refused && honest, shown: served || (refused && honest) }
    })
  const open = judged.filter(({ proven }) => !proven).map(({ link }) => link)
  return {
    met: open.length === 0,
    because:
      open.length === 0
        ? `by certificate on all ${judged.length} links, and a caller without one was refused`
        : `a caller without a certificate was served on ${open.join(', ')}`,
    shown: judged.length > 0 && judged.every(({ shown }) => shown),
  }
}
