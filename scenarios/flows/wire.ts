import { linkIds } from '../../services/hops.ts'
import type { LabClient } from '../lab-client.ts'

/** Ends every connection on these links and forgets what was recorded: what comes next is on new connections, recorded whole. */
export const freshWire = async (lab: LabClient, links: readonly string[]): Promise<void> => {
  await Promise.all(links.map(link => lab.wire(link).cut()))
  await Promise.all(links.map(link => lab.wire(link).reset()))
  // One more way there and back, so that callers have seen their connections end before they are used again.
  await lab.state()
}

/** Does `work` while a link is interfered with, and undoes that whatever happens. */
export const restoringWire = async <Result>(lab: LabClient, link: string, work: () => Promise<Result>) => {
  try {
    return await work()
  } finally {
    await lab.wire(link).restore()
    await lab.wire(link).cut()
  }
}

/** Links on which the wire does anything but pass on what comes; none without the wire. */
export const interferedLinks = async (lab: LabClient): Promise<string[]> => {
  if (lab.access.wire === null) return []
  const taps = await Promise.all(linkIds(lab.topology).map(link => lab.wire(link).report()))
  return taps
    .filter(tap => tap.redirectedTo || tap.refusing || tap.delayMs > 0 || tap.alterations.length > 0)
    .map(({ link }) => link)
}
