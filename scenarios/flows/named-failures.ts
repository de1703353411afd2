import type { Hop } from '../../services/modes.ts'
import type { Breakage } from '../breakage/fault.ts'
import { type Provoked, provoke } from '../breakage/provoke.ts'
import { whyNot } from '../breakage/why-not.ts'
import type { EndName } from '../doctor/cause.ts'
import type { LabClient } from '../lab-client.ts'
import type { Control, Evidence, Observed } from '../scenario.ts'

/** Makes these failures on a hop, at every end that can: those of callers at once, those on the wire one after the other. */
export const provokeAll = async (lab: LabClient, hop: Hop, breakages: readonly Breakage[]): Promise<Provoked[]> => {
  const able = (end: EndName) => breakages.filter(each => whyNot(each, hop, end, lab.topology) === undefined)
  const provoked = await Promise.all(able('caller').map(breakage => provoke(lab, hop, breakage, 'caller')))
  for (const breakage of able('callee')) provoked.push(await provoke(lab, hop, breakage, 'callee'))
  return provoked
}

/**
 * Holds when each failure was named for what it was; broken when one was taken for another. The control: the genuine ends
 * get together; something failed; and of what failed one end alone had no word of why, so that it took both.
 */
export const judgeNamed = (provoked: readonly Provoked[], genuine: Control): Observed => {
  const missed = provoked.filter(({ named }) => !named)
  const silent = provoked.filter(({ cause }) => cause && Object.values(cause.seen).some(isSilent))
  const told = provoked.map(({ breakage, end, cause }) => `${breakage} at the ${end} as ${cause?.name ?? 'nothing'}`)
  return {
    verdict: missed.length > 0 ? 'broken' : 'holds',
    because:
      missed.length > 0
        ? `taken for something else: ${missed.map(({ breakage, end, cause }) => `${breakage} at the ${end} for ${cause?.name ?? 'nothing'}`).join(', ')}`
        : `named: ${told.join(', ')}`,
    evidence: provoked.map(one => provokedEvidence(one)),
    control: {
      passed: genuine.passed && provoked.length > 0 && provoked.every(({ cause }) => cause) && silent.length > 0,
      evidence: genuine.evidence,
    },
  }
}

/** The other end closed: all that an end knows which was refused. */
const isSilent = ({ name }: { name: string }): boolean => name === 'connection-closed'

/** What both ends saw of it, and what the doctor makes of that. */
export const provokedEvidence = ({ breakage, end, link, cause }: Provoked, what: string = breakage): Evidence => {
  const saw = (side: 'caller' | 'callee') => cause?.seen[side]?.code ?? 'nothing'
  const text = `caller ${saw('caller')}, callee ${saw('callee')}: ${cause?.sentence ?? 'no cause'}`
  return { kind: 'failure', title: `${what} at the ${end}`, where: link, text }
}

export const nothingToRefuse: Observed = {
  verdict: 'not-applicable',
  because: 'nothing is encrypted here, so nobody is refused',
  evidence: [],
  control: { passed: true, evidence: [] },
}
